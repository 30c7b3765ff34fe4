#!/usr/bin/python3
"""What a flood from ten thousand addresses costs somebody who is signed in: latency of NOOP and STATUS, calm and under the flood of tests/system/test_crowd.py."""
import os
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, 'tests', 'system'), os.path.join(TOP, 'tools', 'demo')]

from conftest import end_site, make_site  # noqa: E402
from test_crowd import SLOTS, flood, sign_in, works  # noqa: E402
from test_revoke import new_user  # noqa: E402

ROUNDS = 300


def latencies(session, site, user):
    found, signing = [], []
    for number in range(ROUNDS):
        begin = time.perf_counter()
        works(session, number)
        found.append((time.perf_counter() - begin) * 1000 / 2)
        if number % 30 == 0:
            begin = time.perf_counter()
            with sign_in(site, user) as again:
                works(again, 0)
            signing.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found), statistics.quantiles(found, n=20)[-1], statistics.median(signing)


def main():
    site = make_site({'auth': {'failure_delay': '0s'}, 'workers': {'client': 1}, 'limits': {'connections': SLOTS, 'handshakes': 50}}, seed=False)
    try:
        site.instance.cli('domain', 'add', 'demo.test')
        user = new_user(site, 'known')
        with sign_in(site, user) as session:
            calm = latencies(session, site, user)
            print('calm:              median %.2f ms, p95 %.2f ms; sign-in %.0f ms' % calm)
            for name, port, first in (('half-open TLS on imaps', 'imaps', b'\x16\x03\x01'), ('connections on imap', 'imap', b''),
                                      ('connections on smtp', 'smtp', b'EHLO x\r\n')):
                with flood(site.ports[port], first):
                    under = latencies(session, site, user)
                print('%s: median %.2f ms (x%.1f), p95 %.2f ms (x%.1f); sign-in %.0f ms' % (
                    name, under[0], under[0] / calm[0], under[1], under[1] / calm[1], under[2]))
    finally:
        end_site(site)


main()
