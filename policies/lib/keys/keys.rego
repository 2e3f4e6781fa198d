# METADATA
# scope: package
# title: Keys
# description: What the rules about the keys of trust domains have in common.
# schemas:
#   - input: schema.facts
package codexlock.lib.keys

# measured states that the facts contain the keys.
measured if is_array(input.repository.keys)

# file is the path of the configuration, which names the trust domains.
file := object.get(input, ["repository", "config"], "codexlock.yaml")

# domain is the name of a key's trust domain.
domain(key) := object.get(key, "domain", "any")
