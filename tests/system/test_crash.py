"""The short form of ./dev torture: some twenty kills under load, and the promises counted afterwards."""
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_kills_under_load_lose_nothing_that_was_acknowledged():
    programs = os.path.join(TOP, 'build/faults/src/cmd')
    done = subprocess.run(['/usr/bin/python3', os.path.join(TOP, 'tests/torture/torture.py'), '--programs', programs, '--kills', '24', '--minutes', '3',
                           '--seconds', '6', '--seed', '7'], capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
