package artifact

import "fmt"

// A Level is a compliance level of ZT-13. The zero Level denies.
type Level uint8

// The levels, lowest first, so that the level of a change is the minimum over
// its artifacts.
const (
	NonCompliant Level = iota // something fails or cannot be verified
	Tier1                     // deterministic and hashed, not fully time-attested
	APlus                     // every requirement holds
)

var levelNames = [...]string{NonCompliant: "non-compliant", Tier1: "tier-1", APlus: "a-plus"}

// String is the id of ZT-13: non-compliant, tier-1 or a-plus.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return levelNames[NonCompliant]
}

// ParseLevel reads an id of ZT-13.
func ParseLevel(s string) (Level, error) {
	for l, name := range levelNames {
		if s == name {
			return Level(l), nil
		}
	}
	return NonCompliant, fmt.Errorf("level is %q, want one of a-plus, tier-1, non-compliant", s)
}

// MarshalText writes the id.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the id.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}
