"""Runs Python programs that come as JSON lines on standard input, in one namespace, and answers each with a JSON line on file 3.

A request is {"program": text, "input": any}; the program finds the input as `given` and calls `reply(value)`. Everything that libraries
print goes to standard error, where the starter keeps it for messages.
"""
import base64
import datetime
import decimal
import json
import math
import os
import sys
import traceback

answers = os.fdopen(3, "w", encoding="utf-8")
sys.stdout = sys.stderr


def plain(value):
    """JSON has no large integers, bytes or special floats: they travel in objects of one field."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else {"int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"no JSON form for {type(value)}: {value!r}")


def given_form(value):
    """The inverse, for what a program is given."""
    if isinstance(value, dict):
        if set(value) == {"int"}:
            return int(value["int"])
        if set(value) == {"float"}:
            return float(value["float"])
        if set(value) == {"bytes"}:
            return base64.b64decode(value["bytes"])
        return {k: given_form(v) for k, v in value.items()}
    return [given_form(v) for v in value] if isinstance(value, list) else value


namespace = {"__name__": "__main__"}
for line in sys.stdin:
    request = json.loads(line)
    replies = []
    namespace["given"] = given_form(request["input"])
    namespace["reply"] = replies.append
    try:
        exec(compile(request["program"], "<program>", "exec"), namespace)
        answer = {"value": plain(replies[-1] if replies else None)}
    except Exception as error:
        answer = {"error": {"type": type(error).__name__, "message": str(error), "trace": traceback.format_exc()}}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
