"""medallion with its in-memory backend on a free port of loopback, until standard input closes.

    medallion_server.py DATA.json MAX_PAGE_SIZE        prints its port; user `user`, password `pass`
"""

import logging
import os
import sys
import threading

from medallion import application_instance, register_blueprints, set_config
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
config = {
    "backend": {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": sys.argv[1],
    },
    "users": {"user": "pass"},
    "taxii": {"max_page_size": int(sys.argv[2])},
}
for part in ("users", "taxii", "backend"):
    set_config(application_instance, part, config)
register_blueprints(application_instance)
server = make_server("127.0.0.1", 0, application_instance)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
