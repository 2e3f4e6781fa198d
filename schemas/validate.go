package schemas

// Validate tells what in the document differs from its kind's schema, in the
// order of the text.
func (d *Document) Validate() []Problem { return libraryProblems(d) }
