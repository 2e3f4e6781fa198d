package script

import "testing"

// TestRepeats: what names a file that each run makes, removes or guards is no trace of
// an earlier run.
func TestRepeats(t *testing.T) {
	for text, want := range map[string]bool{
		"echo x >> list": true, "mkdir out": true, "rm out/x": true, "mv a b": true, "ln -s a b": true, "echo x | tee -a list": true,
		`echo x >> "$HOME/.profile"`: true, "sudo rm /etc/x.conf": true, "groupadd staff": true, "mkdir out; rm out/x": true,

		`tmp=$(mktemp); echo x >> "$tmp"; rm "$tmp"`: false, `echo x >> "$1"`: false, `rm "$tmp"`: false, `mkdir "$dir"`: false,
		": > list; echo x >> list": false, "rm -f list; echo x >> list": false, "echo x > list; echo y >> list; rm list": false,
		"echo x >> /var/log/tool": false, "echo x >> out.log": false, "echo x >> /dev/stderr": false,
		"grep -q x list || echo x >> list": false, "grep -q x list; echo x >> list": false, "sed -i /x/d list; echo x >> list": false,
		"[ -d out ] || mkdir out": false, "if [ ! -d out ]; then mkdir out; fi": false, "mkdir out || true": false, "mkdir out 2>/dev/null": false,
		"mkdir out; rm -r out": false, "rm -rf out; mkdir out": false, `cd "$(mktemp -d)"; mkdir out`: false,
		"wget https://a.example/x.deb; rm x.deb": false, "tar -xf x-1.tar.gz; rm x-1": false, "sed -i.bak s/a/b/ f; rm f.bak": false,
		"touch a; mv a b": false, "mv a b; touch a": false, "docker exec c mkdir /out": false, "ssh a.example 'mkdir out'": false,
		`useradd "$user"`: false, "adduser user group": false, "[ -e a ] && rm a": false, "f() { rm a; }; touch a; f": false,
	} {
		if got := Parse([]byte(head + text + "\n")).Repeats; (len(got) > 0) != want {
			t.Errorf("%s: %v, want any: %v", text, uses(got), want)
		}
	}
}
