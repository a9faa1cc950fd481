"""Reads AWS configuration files as botocore does (configloader.py): Python's parser, and settings
that are indented below an empty one. One file a line (base64), one answer a line (JSON)."""
import base64
import configparser
import io
import json
import sys


def nested(value):
    for line in value.splitlines():
        line = line.strip()
        if line and "=" not in line:
            raise ValueError
    return value


def read(content):
    parser = configparser.RawConfigParser()
    parser.read_file(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    options = {name: dict(parser.items(name)) for name in parser.sections()}
    for section in options.values():
        for value in section.values():
            if value.startswith("\n"):
                nested(value)
    return options


for line in sys.stdin:
    try:
        answer = {"sections": read(base64.b64decode(line))}
    except (configparser.Error, UnicodeDecodeError, ValueError) as fault:
        answer = {"fault": type(fault).__name__}
    print(json.dumps(answer), flush=True)
