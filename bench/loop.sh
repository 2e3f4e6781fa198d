#!/usr/bin/env bash
# What a repository without a gate does: for each artifact its SHA-256 against the list of the
# ledger, the manifest and the record, the record's HMAC, and its time to live.
set -euo pipefail
head -n "$1" .git/sums | while read -r want path; do
  sum=$(sha256sum <"$path")
  sum=${sum%% *}
  [ "$sum" = "$want" ]
  [ "$sum" = "$(jq -r .sha256 "$path.manifest.json")" ]
  read -r recorded mac < <(jq -r 'select(now < (.timestamp | fromdate) + .ttl_hours * 3600) | "\(.sha256) \(.vaulttime)"' "$path.vaulttime.json")
  [ "$sum" = "$recorded" ]
  computed=$(printf %s "$sum" | openssl dgst -sha256 -hmac "$VAULTTIME_KEY" -r)
  [ "${computed%% *}" = "$mac" ]
done
echo "all verified"
