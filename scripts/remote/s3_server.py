#!/usr/bin/env python3
"""A storage of S3's kind on 127.0.0.1: OpenStack Swift with its S3 API, all servers in one process.

usage: s3_server.py FOLDER PORT

It takes PORT and the three ports that follow, and prints a line when it is ready. The access key is
`test:reader`, the secret key `testing`. Needs Debian's python3-swift.
"""

import pathlib
import sys

import eventlet
from eventlet import wsgi

eventlet.monkey_patch()

from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # noqa: E402

STORES = ("account", "container", "object")
PROXY = """
[pipeline:main]
pipeline = catch_errors cache s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_reader = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def configure(folder: pathlib.Path, port: int) -> None:
    """Writes the files that the servers read."""
    (folder / "disks" / "one").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = test\n")
    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    for index, kind in enumerate(STORES, 1):
        builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
        device = {"region": 1, "zone": 1, "ip": "127.0.0.1", "device": "one", "weight": 1}
        builder.add_dev({**device, "port": port + index})
        builder.rebalance()
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))
        (folder / f"{kind}.conf").write_text(
            f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}/disks\nmount_check = false\n"
            f"[pipeline:main]\npipeline = server\n[app:server]\nuse = egg:swift#{kind}\n"
        )
    (folder / "proxy.conf").write_text(f"[DEFAULT]\nswift_dir = {folder}{PROXY}")


def main(folder: pathlib.Path, port: int) -> None:
    """Serves until the process ends."""
    configure(folder, port)
    utils.validate_hash_conf()
    servers = []
    for index, kind in enumerate(("proxy", *STORES)):
        application = loadapp(str(folder / f"{kind}.conf"))
        log = (folder / f"{kind}.log").open("w", buffering=1)
        socket = eventlet.listen(("127.0.0.1", port + index))
        servers.append(
            eventlet.spawn(wsgi.server, socket, application, log, protocol=SwiftHttpProtocol)
        )
    print("ready", flush=True)
    for server in servers:
        server.wait()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).absolute(), int(sys.argv[2]))
