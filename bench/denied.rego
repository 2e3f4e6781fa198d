# What `opa exec` is asked in the benchmark: every rule's denials, those that are empty left out.
package bench

denied[code] := findings if {
	some area, rule
	findings := data.codexlock[area][rule].deny
	count(findings) > 0
	code := sprintf("%s.%s", [area, rule])
}
