package measure_test

import (
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// TestEpochs: the key that a record names says which one checks it, and the
// domain's list what that is worth (A6, A8).
func TestEpochs(t *testing.T) {
	next, err := vaulttime.NewKey([]byte("the-key-after-it-0123456789abcdef0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	type verdict struct {
		signature facts.Signature
		keyID     facts.Comparison
		epoch     facts.KeyEpoch
		proof     facts.Signature
		listed    facts.KeyListed
	}
	for name, c := range map[string]struct {
		held    func(key vaulttime.Key) []vaulttime.Key // the one that seals first
		listed  func(key vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key
		unnamed bool // the record names no key, and has no proof
		want    verdict
	}{
		"current":                       {only, as(vaulttime.EpochCurrent), false, verdict{"valid", "match", "current", "valid", "current"}},
		"no list":                       {only, none, false, verdict{"valid", "match", "unlisted", "valid", "none"}},
		"no list, rotating":             {after(next), none, false, verdict{"valid", "match", "retiring", "valid", "none"}},
		"retiring, held":                {after(next), rotated(next), false, verdict{"valid", "match", "retiring", "valid", "current"}},
		"retiring, in the first place":  {only, rotated(next), false, verdict{"valid", "match", "retiring", "valid", "retiring"}},
		"retiring, not held":            {just(next), rotated(next), false, verdict{"no_key", "differs", "retiring", "valid", "current"}},
		"revoked, held":                 {only, as(vaulttime.EpochRevoked), false, verdict{"valid", "match", "revoked", "valid", "revoked"}},
		"current, another held":         {just(next), as(vaulttime.EpochCurrent), false, verdict{"invalid", "differs", "current", "valid", "missing"}},
		"unknown":                       {only, listedAlone(next), false, verdict{"valid", "match", "unknown", "valid", "missing"}},
		"unknown, not held":             {just(next), listedAlone(next), false, verdict{"invalid", "differs", "unknown", "invalid", "current"}},
		"nothing held, current":         {nothing, as(vaulttime.EpochCurrent), false, verdict{"no_key", "absent", "current", "valid", "absent"}},
		"nothing held, nothing listed":  {nothing, none, false, verdict{"no_key", "absent", "unlisted", "no_key", "absent"}},
		"unnamed, of the old key":       {after(next), rotated(next), true, verdict{"valid", "absent", "retiring", "absent", "current"}},
		"unnamed, of nobody's":          {just(next), rotated(next), true, verdict{"invalid", "absent", "absent", "absent", "current"}},
		"unnamed, and nothing is held":  {nothing, rotated(next), true, verdict{"no_key", "absent", "absent", "absent", "absent"}},
		"unnamed, of a key not listed":  {only, listedAlone(next), true, verdict{"valid", "absent", "unknown", "absent", "missing"}},
		"listed with another's public":  {only, listedAlone(next), false, verdict{"valid", "match", "current", "valid", "differs"}},
		"unnamed, of the current key":   {only, as(vaulttime.EpochCurrent), true, verdict{"valid", "absent", "current", "absent", "current"}},
		"unnamed, revoked, beside next": {after(next), revoked(next), true, verdict{"valid", "absent", "revoked", "absent", "current"}},
	} {
		f := newFixture(t)
		f.domains()
		f.keys = vaulttime.NewKeyring(false)
		if held := c.held(f.key); len(held) > 0 {
			f.keys.Add("default", held[0], held[1:]...)
		}
		d := f.conf.Domains["default"]
		for epoch, key := range c.listed(f.key) {
			id := key.ID()
			if name == "listed with another's public" {
				id = f.key.ID()
			}
			d.PublicKeys = append(d.PublicKeys, config.PublicKey{ID: id, Key: vaulttime.FormatPublicKey(key.PublicKey()), State: string(epoch), CreatedAt: now.Add(-time.Hour)})
			f.keys.List("default", id, key.PublicKey(), epoch)
		}
		f.conf.Domains["default"] = d
		if c.unnamed {
			r := vaulttime.Record{SHA256: artifact.HashBytes([]byte("weights of a model")), Timestamp: vaulttime.TimeOf(now), TrustDomain: "default", TTLHours: 24}
			p := artifact.Path(model)
			r.Path = &p
			if err := f.key.Sign(&r); err != nil {
				t.Fatal(err)
			}
			r.Path, r.KeyID, r.Proof, r.Chain = nil, "", "", nil
			f.put(model+".vaulttime.json", string(r.Encode()))
		}
		k := f.measure(facts.All)[model].Input.Checks
		got := verdict{k.Signature, k.KeyID, k.Epoch, k.Proof, ""}
		measured := measure.NewKeys(measure.Options{Options: changeset.Options{Config: f.conf}, Keys: f.keys, Now: now}, "default")
		domains := measured.Domains()
		if len(domains) != 1 || domains[0].Domain != "default" {
			t.Fatalf("%s: %+v", name, domains)
		}
		if got.listed = domains[0].Listed; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if m, err := measured.Repository(t.Context()); err != nil || m.Input.Repository == nil || measured.Len() != 0 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func nothing(vaulttime.Key) []vaulttime.Key                { return nil }
func only(k vaulttime.Key) []vaulttime.Key                 { return []vaulttime.Key{k} }
func none(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key { return nil }

func just(next vaulttime.Key) func(vaulttime.Key) []vaulttime.Key {
	return func(vaulttime.Key) []vaulttime.Key { return []vaulttime.Key{next} }
}

func after(next vaulttime.Key) func(vaulttime.Key) []vaulttime.Key {
	return func(k vaulttime.Key) []vaulttime.Key { return []vaulttime.Key{next, k} }
}

func as(epoch vaulttime.Epoch) func(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
	return func(k vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
		return map[vaulttime.Epoch]vaulttime.Key{epoch: k}
	}
}

func rotated(next vaulttime.Key) func(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
	return func(k vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
		return map[vaulttime.Epoch]vaulttime.Key{vaulttime.EpochCurrent: next, vaulttime.EpochRetiring: k}
	}
}

func revoked(next vaulttime.Key) func(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
	return func(k vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
		return map[vaulttime.Epoch]vaulttime.Key{vaulttime.EpochCurrent: next, vaulttime.EpochRevoked: k}
	}
}

func listedAlone(next vaulttime.Key) func(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
	return func(vaulttime.Key) map[vaulttime.Epoch]vaulttime.Key {
		return map[vaulttime.Epoch]vaulttime.Key{vaulttime.EpochCurrent: next}
	}
}
