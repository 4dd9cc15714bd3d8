#!/usr/bin/env python3
"""Addresses that are signed for a storage of S3's kind: AWS Signature Version 4, in the query.

usage: presign.py get ADDRESS ACCESS SECRET [AGE]       prints an address, signed AGE minutes ago
       presign.py put ADDRESS ACCESS SECRET [FILE]      writes an object, or makes a bucket

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import datetime
import hashlib
import hmac
import pathlib
import sys
import urllib.parse
import urllib.request


def presign(method: str, address: str, access: str, secret: str, age: int = 0) -> str:
    """The address with a signature for one method, which is valid for five minutes."""
    parts = urllib.parse.urlsplit(address)
    signed = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=age)
    day, time = signed.strftime("%Y%m%d"), signed.strftime("%Y%m%dT%H%M%SZ")
    scope = [day, "us-east-1", "s3", "aws4_request"]
    query = urllib.parse.urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": "/".join([access, *scope]),
            "X-Amz-Date": time,
            "X-Amz-Expires": "300",
            "X-Amz-SignedHeaders": "host",
        },
        quote_via=urllib.parse.quote,
        safe="",
    )
    request = [method, parts.path, query, f"host:{parts.netloc}\n", "host", "UNSIGNED-PAYLOAD"]
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    key = ("AWS4" + secret).encode()
    for text in scope:
        key = hmac.digest(key, text.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", time, "/".join(scope), digest])
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"{address}?{query}&X-Amz-Signature={signature}"


def put(address: str, content: bytes, access: str, secret: str) -> None:
    """Makes a bucket, or an object in it."""
    request = urllib.request.Request(presign("PUT", address, access, secret), content, method="PUT")
    urllib.request.urlopen(request, timeout=60).close()


if __name__ == "__main__":
    action, address, access, secret, *rest = sys.argv[1:]
    if action == "get":
        print(presign("GET", address, access, secret, *map(int, rest)))
    else:
        put(address, pathlib.Path(rest[0]).read_bytes() if rest else b"", access, secret)
