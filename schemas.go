// Package codexlock carries what the program and the stock tools both read: the
// published JSON Schemas. They stand in a folder of their own, with nothing else
// in it, because `opa check --schema schemas` takes every file there for one.
package codexlock

import "embed"

// Schemas is schemas/<kind>.json for every kind of document.
//
//go:embed schemas/*.json
var Schemas embed.FS

// SchemasAtUse are those of the documents that codexlock-use reads. The linker leaves
// Schemas out of a program that names only these.
//
//go:embed schemas/codex-lock.json schemas/config.json schemas/manifest.json schemas/vaulttime.json
var SchemasAtUse embed.FS
