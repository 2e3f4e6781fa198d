package report_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/report"
)

// browsers are the names of the browser that the tests of the page run, headless:
// test/setup.sh installs one.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// A browser is a headless Chromium, driven through its debugging pipe (Chrome DevTools
// Protocol): messages of JSON, each with a NUL after it.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	next    int
	session string
	events  []string // the methods of what the browser reported
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("none of %s is installed: test/setup.sh installs one", strings.Join(browsers, ", "))
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
		"--force-device-scale-factor=1", "--user-data-dir=" + t.TempDir(), "about:blank"}
	if os.Getuid() == 0 { // Chromium's own sandbox refuses root, as which CI containers run
		args = append([]string{"--no-sandbox"}, args...)
	}
	cmd := exec.Command(path, args...)
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	b := &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	watchdog := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		_, _ = fmt.Fprint(in, `{"id":999999,"method":"Browser.close"}`+"\x00")
		in.Close()
		_ = cmd.Wait()
		watchdog.Stop()
		out.Close()
	})
	return b
}

// do sends a command and reads its result into result, which may be nil.
func (b *browser) do(method string, params, result any) {
	b.t.Helper()
	b.next++
	message := map[string]any{"id": b.next, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		answer := b.read(method)
		if answer.ID == 0 {
			b.events = append(b.events, answer.Method+" "+string(answer.Params))
			continue
		}
		if answer.ID != b.next {
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

type browserMessage struct {
	ID            int
	Method        string
	Params        json.RawMessage
	Result, Error json.RawMessage
}

func (b *browser) read(method string) browserMessage {
	b.t.Helper()
	text, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("%s: the browser ended: %v", method, err)
	}
	var m browserMessage
	if err := json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// open opens a page in a new tab of a size, and waits until its script has run.
func (b *browser) open(file string, width, height int) {
	b.t.Helper()
	b.session, b.events = "", nil
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Log", "Runtime", "Network"} {
		b.do(domain+".enable", nil, nil)
	}
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.do("Page.navigate", map[string]any{"url": "file://" + file}, nil)
	b.wait(`document.documentElement && document.documentElement.dataset.ready === "yes"`)
}

// wait waits until an expression of the page is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if b.value(expression) == true {
			return
		}
	}
	b.t.Fatalf("the page never was: %s\n%s", expression, strings.Join(b.events, "\n"))
}

// value evaluates an expression in the page.
func (b *browser) value(expression string) any {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	return answer.Result.Value
}

// key presses a key.
func (b *browser) key(name, code, text string, number int) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		p := map[string]any{"type": kind, "key": name, "code": code, "windowsVirtualKeyCode": number}
		if kind == "keyDown" && text != "" {
			p["text"] = text
		}
		b.do("Input.dispatchKeyEvent", p, nil)
	}
}

// clean fails the test if the page reported an error or asked for anything.
func (b *browser) clean(file string) {
	b.t.Helper()
	for _, e := range b.events {
		switch {
		case strings.HasPrefix(e, "Log.entryAdded"), strings.HasPrefix(e, "Runtime.exceptionThrown"), strings.HasPrefix(e, "Runtime.consoleAPICalled"):
			b.t.Errorf("the page reports %.500s", e)
		case strings.HasPrefix(e, "Network.requestWillBeSent ") && !strings.Contains(e, file):
			b.t.Errorf("the page asks for %.500s", e)
		}
	}
}

// screenshot takes a picture of the visible part of the page.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	var shot struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// pageFile writes a report as a page.
func pageFile(t *testing.T, r report.Report) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(write(t, "html", r, report.Options{})), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const shown = `document.getElementById("shown").textContent`

// TestThePageInABrowser: filters, keyboard, themes and print of a page, with ten and with
// ten thousand artifacts.
func TestThePageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	b := startBrowser(t)
	small := pageFile(t, many(10))
	b.open(small, 1280, 900)
	b.is(shown, "3 of 3 findings and 10 of 10 artifacts shown")
	b.is(`document.querySelectorAll(".finding").length`, 3.0)
	b.is(`document.querySelector(".finding mark").textContent`, `"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"`)
	b.is(`document.querySelector(".finding a").href`, "https://github.com/codexlock/codexlock/blob/main/policies/lock/drift/README.md")
	b.filters()
	b.keyboard()
	b.themes()
	b.clean(small)

	large := pageFile(t, many(10_000))
	began := time.Now()
	b.open(large, 1280, 900)
	t.Logf("10,000 artifacts: ready after %s, %v ms of the page's own time", time.Since(began).Round(time.Millisecond), b.value(`Math.round(performance.now())`))
	b.is(shown, "2200 of 2200 findings and 10000 of 10000 artifacts shown")
	if n := b.value(`document.querySelectorAll("*").length`).(float64); n > 8000 {
		t.Errorf("%v elements are rendered at once", n)
	}
	began = time.Now()
	b.value(`{ const p = document.getElementById("path"); p.value = "part-09999"; p.dispatchEvent(new Event("input", {bubbles: true})) }`)
	b.wait(shown + ` === "0 of 2200 findings and 1 of 10000 artifacts shown"`)
	t.Logf("a filter over 10,000 artifacts: %s", time.Since(began).Round(time.Millisecond))
	b.clean(large)

	// A page of so many takes a minute or two to print, in any browser: a tenth shows that all
	// is printed.
	b.open(pageFile(t, many(1000)), 1280, 900)
	began = time.Now()
	var pdf struct{ Data string }
	b.do("Page.printToPDF", map[string]any{"printBackground": false}, &pdf)
	if n := b.value(`document.querySelectorAll("details.domain tbody tr").length`); n != 1000.0 {
		t.Errorf("%v artifacts are printed, want all 1,000", n)
	}
	b.is(`document.querySelectorAll(".finding").length`, 220.0)
	t.Logf("1,000 artifacts printed after %s, %d bytes of PDF", time.Since(began).Round(time.Millisecond), len(pdf.Data)*3/4)
}

// is fails the test where an expression of the page has another value.
func (b *browser) is(expression string, want any) {
	b.t.Helper()
	if got := b.value(expression); got != want {
		b.t.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// filters tries each filter of the page with ten artifacts.
func (b *browser) filters() {
	b.t.Helper()
	for _, f := range []struct{ id, value, want string }{
		{"path", "PART-00004", "1 of 3 findings and 1 of 10 artifacts shown"},
		{"rule", "manifest.hash", "1 of 3 findings and 1 of 10 artifacts shown"}, // below lock.drift
		{"severity", "deny", "1 of 3 findings and 1 of 10 artifacts shown"},
		{"severity", "trusted", "0 of 3 findings and 7 of 10 artifacts shown"},
		{"domain", "build-tools", "1 of 3 findings and 2 of 10 artifacts shown"},
		{"expires", "none", "0 of 3 findings and 0 of 10 artifacts shown"},
		{"expires", "2026-01-01T12:00:00Z", "0 of 3 findings and 2 of 10 artifacts shown"},
	} {
		b.value(fmt.Sprintf(`{ const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})) }`, f.id, f.value))
		b.wait(fmt.Sprintf("%s === %q", shown, f.want))
		b.value(`document.getElementById("filters").reset()`)
		b.wait(shown + ` === "3 of 3 findings and 10 of 10 artifacts shown"`)
	}
}

// keyboard uses the page without a mouse.
func (b *browser) keyboard() {
	b.t.Helper()
	const focus = `document.activeElement.id || document.activeElement.className || document.activeElement.tagName`
	b.key("/", "Slash", "/", 191)
	b.is(focus, "path")
	b.is(`document.getElementById("path").value`, "")
	b.do("Input.insertText", map[string]any{"text": "part-00007"}, nil)
	b.wait(shown + ` === "1 of 3 findings and 1 of 10 artifacts shown"`)
	b.key("Escape", "Escape", "", 27)
	b.wait(shown + ` === "3 of 3 findings and 10 of 10 artifacts shown"`)
	b.value(`document.activeElement.blur()`)
	var order []string
	for range 12 {
		b.key("Tab", "Tab", "", 9)
		order = append(order, fmt.Sprint(b.value(focus)))
	}
	for _, id := range []string{"rule", "severity", "domain", "expires"} {
		if !slices.Contains(order, id) {
			b.t.Errorf("the key Tab reaches %q, want %s among them", order, id)
		}
	}
}

// themes looks at the colours: dark where the system is, and the other one on request.
func (b *browser) themes() {
	b.t.Helper()
	const background = `getComputedStyle(document.body).backgroundColor`
	for scheme, want := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"} {
		b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		b.is(background, want)
		b.value(`document.getElementById("theme").click()`)
		if b.value(background) == want {
			b.t.Errorf("the button leaves a %s page as it is", scheme)
		}
		b.value(`delete document.documentElement.dataset.theme`)
	}
}

// pictures are the screenshots of the documentation.
var pictures = []struct {
	name          string
	artifacts     int
	scheme        string
	width, height int
}{
	{"report-light", 10, "light", 1100, 1000},
	{"report-dark", 10_000, "dark", 1100, 1000},
}

// TestPictures makes the screenshots of docs/images anew where CODEXLOCK_UPDATE asks for it.
// Fonts differ between machines, so that the pictures are not compared; that they are there,
// and small, is.
func TestPictures(t *testing.T) {
	const folder = "../../docs/images"
	update := os.Getenv("CODEXLOCK_UPDATE") != ""
	var b *browser
	if update {
		b = startBrowser(t)
	}
	for _, p := range pictures {
		file := filepath.Join(folder, p.name+".png")
		if update {
			b.open(pageFile(t, many(p.artifacts)), p.width, p.height)
			b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": p.scheme}}}, nil)
			if err := os.WriteFile(file, smaller(t, b.screenshot()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(file)
		if err != nil || info.Size() > 100<<10 {
			t.Errorf("%s: %v, want a picture of at most 100 KiB: make it with CODEXLOCK_UPDATE=1", file, err)
		}
	}
}

// smaller reduces a picture to a palette of its 256 most frequent colours.
func smaller(t *testing.T, data []byte) []byte {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	var colors []color.RGBA
	for c := range count {
		colors = append(colors, c)
	}
	slices.SortFunc(colors, func(a, b color.RGBA) int { return count[b] - count[a] })
	palette := color.Palette{}
	for _, c := range colors[:min(len(colors), 256)] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(picture.Bounds(), palette)
	draw.Draw(small, small.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
