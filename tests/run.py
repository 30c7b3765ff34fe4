#!/usr/bin/python3
"""Runs unit tests (meson, build/asan), system tests (pytest) and the short crash test; ends with "N passed, N failed, N skipped"."""
import argparse
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ASAN = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=1', 'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'}


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add_junit(self, path):
        """False when there is no report."""
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError):
            return False
        for case in root.iter('testcase'):
            kinds = {child.tag for child in case}
            if kinds & {'failure', 'error'}:
                self.failed += 1
            elif 'skipped' in kinds:
                self.skipped += 1
            else:
                self.passed += 1
        return True


def unit(total, verbose):
    report = os.path.join(TOP, 'build/asan/meson-logs/testlog.junit.xml')
    if os.path.exists(report):
        os.unlink(report)
    command = ['meson', 'test', '-C', 'build/asan', '--no-rebuild', '--print-errorlogs', '--timeout-multiplier', '4']
    done = subprocess.run(command + (['-v'] if verbose else ['-q']), cwd=TOP, env={**os.environ, **ASAN}, check=False)
    before = total.failed
    if not total.add_junit(report) or (done.returncode != 0 and total.failed == before):
        total.failed += 1


def system(total, folder, word, verbose):
    report = os.path.join(TOP, f'build/{folder}.xml')
    if os.path.exists(report):
        os.unlink(report)
    command = ['/usr/bin/python3', '-m', 'pytest', f'tests/{folder}', '-p', 'no:cacheprovider', '--junitxml', report, '--tb=short',
               '-o', 'junit_family=xunit2', '-v' if verbose else '-q']
    done = subprocess.run(command + (['-k', word] if word else []), cwd=TOP, check=False)
    if not total.add_junit(report) and done.returncode != 5:
        total.failed += 1


def main():
    parser = argparse.ArgumentParser(prog='./dev test')
    parser.add_argument('--unit', action='store_true', help='only the unit tests')
    parser.add_argument('--system', action='store_true', help='only the system tests')
    parser.add_argument('-k', metavar='WORD', help='only system tests whose name contains the word')
    parser.add_argument('-v', action='store_true', help='name every test')
    args = parser.parse_args()
    total = Sum()
    if not args.system and not args.k:
        unit(total, args.v)
    if not args.unit:
        for folder in ('system', 'attack'):
            system(total, folder, args.k, args.v)
    print(f'{total.passed} passed, {total.failed} failed, {total.skipped} skipped', flush=True)
    return 1 if total.failed else 0


sys.exit(main())
