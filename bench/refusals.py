#!/usr/bin/python3
"""Does the time of a refused sign-in tell whether the account exists? Medians, on an own instance."""
import os
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system'))

from conftest import end_site, make_site  # noqa: E402
from test_limits import WireFrom, by_plain, by_scram  # noqa: E402
from test_revoke import new_user  # noqa: E402

TRIES = 50


def measure(site, attempt, names):
    times = {kind: [] for kind in names}
    for number in range(TRIES):
        for kind, name in sorted(names.items(), reverse=number % 2 == 0):
            with WireFrom('127.0.0.1', site) as wire:
                begin = time.perf_counter()
                attempt(wire, name, f'{attempt.__name__}-{number}')
                times[kind].append(time.perf_counter() - begin)
    return {kind: statistics.median(times[kind]) * 1000 for kind in names}


def main():
    site = make_site({'auth': {'failure_delay': '0s'}, 'limits': {'logins_per_minute': 0}}, seed=False)
    site.instance.cli('domain', 'add', 'demo.test')
    try:
        names = {'known': new_user(site, 'known')['address'], 'unknown': 'nobody.here@demo.test'}
        for attempt in (by_plain, by_scram):
            found = measure(site, attempt, names)
            print(f'{attempt.__name__}: known {found["known"]:.2f} ms, unknown {found["unknown"]:.2f} ms')
    finally:
        end_site(site)


main()
