// Package txn changes the files of a repository: all of a change, or nothing of it, after an
// error, a kill or a power cut at any moment. It decides nothing about what is in a file.
//
// A change goes through five steps:
//
//  1. Plan: one lock makes this the one writer, and what cannot be finished later, such as
//     a folder where a file is to go, is refused while nothing is written.
//  2. Stage: a journal with the whole change is written to the Git directory under a
//     temporary name, and each new file next to its place under a name of its own. A full
//     disk shows here, where everything can be undone.
//  3. Sync: files and journal are durable (fsync, or one syncfs for many) before anything
//     counts, so that no name ever leads to bytes that a power cut took.
//  4. Rename the journal to its final name. This decides the change: a rename is atomic.
//     Before it, recovery removes what was staged; after it, recovery does the rest.
//  5. Finish: staged files get their names, moved files their places; then folders are
//     synced and the journal is removed. Each of these can be done a second time, so a
//     recovery that is killed is recovered from the journal too.
//
// Every name is resolved part by part from the root of its tree, and never through a
// symlink: a change under verification can put one anywhere, even between two calls. Folders
// that are held open while many files are written are looked up again before the change is
// decided and before the journal goes, since a folder can be moved away while it is open.
//
// Whoever has a protocol of its own, such as the audit log, which grows at its end, uses the
// steps of Tree and a Lock.
package txn
