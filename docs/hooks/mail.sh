#!/bin/sh
# A hook of AmberTime: a mail to the address given as its argument. It contains counts only, and no file names.
text=$(python3 -c '
import json, sys
r = json.load(sys.stdin)
if r["type"] == "hand_needed":
    print(r["phone"] + ":", r["sentence"])
else:
    print(r["phone"] + ":", r["outcome"] + ",", r["copied"], "copied,", r["left"], "left")
')
printf '%s\n' "$text" | exec mail -s "AmberTime" "$1"
