"""requests' part of the benchmark: get_requests.py TASK URL N|FILE CA"""
import sys

import requests

PIECE = 1024 * 1024     # bytes: what makes it fastest

task, url, what, ca = sys.argv[1:]
with requests.Session() as session:
    session.verify = ca
    if task == "save":
        with session.get(url, stream=True) as response, open(what, "wb") as f:
            response.raise_for_status()
            for piece in response.iter_content(PIECE):
                f.write(piece)
    else:
        for _ in range(int(what)):
            response = session.get(url)
            response.raise_for_status()
            if task == "json":
                response.json()
