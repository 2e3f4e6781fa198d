#!/usr/bin/env bash
# root.sh DIR: copies into DIR, which becomes the root of the image, the files that
# codexlock runs and that tests of artifacts may run: Git with HTTPS, ShellCheck, Bash,
# coreutils, OpenSSL, awk (which the tests that codexlock writes call), grep and sed, and
# the libraries of each. It runs on Debian, where they are installed.
set -euo pipefail
shopt -s nullglob

root=$1
triplet=$(ldd /usr/bin/git | sed -n 's,.*/lib/\([^/]*\)/libc\.so\.6 .*,\1,p')
[ -n "$triplet" ]

# keep FILE...: copies files, each to where it is when no folder on the way is a link.
keep() {
    local file at
    for file in "$@"; do
        at=$(realpath "$(dirname "$file")")/$(basename "$file")
        [ ! -e "$root$at" ] || continue
        mkdir -p "$root$(dirname "$at")"
        cp -P --preserve=mode "$at" "$root$at"
        if [ -L "$at" ]; then keep "$(realpath "$at")"; fi
    done
}

# Debian's folders of programs and libraries are links into usr.
mkdir -p "$root/usr/bin" "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/root"
for name in bin sbin lib lib64; do
    [ -L "/$name" ] || continue
    mkdir -p "$root/$(readlink "/$name" | sed 's,^/,,')"
    cp -P "/$name" "$root/$name"
done
mkdir -m 1777 "$root/tmp"
mkdir -p "$root/var"
ln -s ../tmp "$root/var/tmp"

programs=(/usr/bin/bash /usr/bin/git /bin/grep /usr/bin/mawk /usr/bin/openssl /bin/sed /usr/bin/shellcheck /usr/lib/git-core/git-remote-http)
while read -r file; do
    case $file in /bin/* | /usr/bin/*) programs+=("$file") ;; esac
done < <(dpkg -L coreutils)
keep "${programs[@]}"
ln -s bash "$root/usr/bin/sh"
ln -s mawk "$root/usr/bin/awk"
# Git finds its own parts in this folder, and they are all the one program.
ln -s ../../bin/git "$root/usr/lib/git-core/git"
ln -s git-remote-http "$root/usr/lib/git-core/git-remote-https"
mkdir -p "$root/usr/share/git-core/templates" # git init warns without it

# What the linker loads, and what programs load when they run.
for program in "${programs[@]}"; do
    while read -r file; do keep "$file"; done < <(ldd "$program" 2> /dev/null | grep -o '/[^ ]*')
done
keep "/lib/$triplet/libgcc_s.so.1"
for file in /usr/lib/locale/C.*/*; do [ -d "$file" ] || keep "$file"; done
keep /usr/lib/locale/C.*/LC_MESSAGES/*

keep /etc/ssl/certs/ca-certificates.crt /etc/ssl/openssl.cnf
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/openssl.cnf "$root/usr/lib/ssl/openssl.cnf"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
printf 'root:x:0:0:root:/root:/usr/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
ldconfig -r "$root" 2> /dev/null || true # the linker's default folders suffice without

# Which versions these are, and where their licences are found.
mkdir -p "$root/usr/share/doc"
(cd "$root" && find . -type f -path './usr/*' -printf '/%P\n') | while read -r file; do
    dpkg -S "$file" 2> /dev/null || dpkg -S "${file#/usr}" 2> /dev/null || true
done | sed 's/: .*//' | sort -u > "$root/usr/share/doc/names"
# shellcheck disable=SC2016 # dpkg-query's own variables
xargs dpkg-query -W -f '${binary:Package} ${Version}\n' < "$root/usr/share/doc/names" > "$root/usr/share/doc/packages"
rm "$root/usr/share/doc/names"
while read -r package _; do
    file=/usr/share/doc/${package%%:*}/copyright
    [ ! -f "$file" ] || keep "$file"
done < "$root/usr/share/doc/packages"
