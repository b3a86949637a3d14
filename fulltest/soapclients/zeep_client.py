"""Plays the calls on its standard input through zeep; doc.go says how."""
import json
import sys

import zeep
import zeep.exceptions

client = zeep.Client(sys.argv[1])
for line in sys.stdin:
    call = json.loads(line)
    try:
        out = {"value": client.service[call["method"]](**call["args"])}
    except zeep.exceptions.Fault as fault:
        out = {"fault": fault.message}
    print(json.dumps(out), flush=True)
