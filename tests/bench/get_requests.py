"""requests' part of the benchmark: get_requests.py URL N CA"""
import sys

import requests

url, n, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with requests.Session() as session:
    session.verify = ca
    for _ in range(n):
        session.get(url).raise_for_status()
