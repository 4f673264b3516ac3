"""OpenTAXII (TAXII 2.1 on SQLite) on a free port of loopback, until standard input closes.

    opentaxii_server.py FOLDER        prints its port, its API root and its collection; user `user`, password `pass`
"""

import functools
import json
import os
import sys
import threading
import types
import warnings

folder = sys.argv[1]
config = os.path.join(folder, "opentaxii.yml")
with open(config, "w", encoding="utf-8") as file:
    json.dump(
        {
            "domain": "127.0.0.1",
            "support_basic_auth": True,
            "return_server_error_details": True,
            "auth_api": {
                "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
                "parameters": {
                    "db_connection": f"sqlite:///{folder}/auth.db",
                    "create_tables": True,
                    "secret": "made up for a test",
                },
            },
            "taxii1": None,
            "taxii2": {
                "title": "OpenTAXII",
                "contact": "nobody",
                "max_content_length": 10_000_000,
                "public_discovery": False,
                "allow_custom_properties": True,
                "persistence_api": {
                    "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                    "parameters": {"db_connection": f"sqlite:///{folder}/data.db", "create_tables": True},
                },
            },
            "logging": {"opentaxii": "error", "root": "error"},
        },
        file,
    )
os.environ["OPENTAXII_CONFIG"] = config
warnings.simplefilter("ignore")

import opentaxii.taxii2.http  # noqa: E402
from opentaxii.entities import Account  # noqa: E402
from opentaxii.http import app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

# 0.9.3 answers 500 to a list of its collections: their ids are UUIDs, which its writer of JSON does not know.
opentaxii.taxii2.http.json = types.SimpleNamespace(dumps=functools.partial(json.dumps, default=str))
with app.app_context():
    taxii = app.taxii_server
    taxii.auth.api.update_account(Account(id=None, username="user", permissions={}, is_admin=True), "pass")
    root = taxii.servers.taxii2.persistence.api.add_api_root("First", "made up", True, True)
    collection = taxii.servers.taxii2.persistence.api.add_collection(root.id, "Shared", None, "shared", True, True)
server = make_server("127.0.0.1", 0, app)
print(json.dumps({"port": server.server_port, "root": str(root.id), "collection": str(collection.id)}), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
