"""aiohttp's part of the benchmark: get_aiohttp.py URL N AT_ONCE CA"""
import asyncio
import ssl
import sys

import aiohttp


async def work(session, url, left):
    while left:
        left.pop()
        async with session.get(url) as response:
            response.raise_for_status()
            await response.read()


async def main(url, n, at_once, ca):
    context = ssl.create_default_context(cafile=ca)
    connector = aiohttp.TCPConnector(limit=at_once, ssl=context)
    left = [None] * n
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session, url, left)
                               for _ in range(at_once)))


url, n, at_once, ca = sys.argv[1:]
asyncio.run(main(url, int(n), int(at_once), ca))
