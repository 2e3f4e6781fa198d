# METADATA
# scope: package
# title: Hints
# description: |
#   The next step for a finding whose rule's own fix does not fit it. A fix is a key of
#   the finding, so that a rule states it only where it differs.
package codexlock.lib.hint

# changed is the next step where a record, a proof or a companion does not fit: nobody
# knows yet whether a mistake or an attack changed it, and an attestation would approve it.
changed := "find out who changed it: git log -p -- {file}; do not attest {artifact} until you know"
