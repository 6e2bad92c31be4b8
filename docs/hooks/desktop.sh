#!/bin/sh
# A hook of AmberTime: a desktop notification. It shows counts only, and no file names.
text=$(python3 -c '
import json, sys
r = json.load(sys.stdin)
if r["type"] == "hand_needed":
    print(r["phone"] + ":", r["sentence"])
else:
    print(r["phone"] + ":", r["outcome"] + ",", r["copied"], "copied,", r["left"], "left")
')
exec notify-send --app-name=AmberTime AmberTime "$text"
