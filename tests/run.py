#!/usr/bin/python3
"""Runs unit tests (meson, build/asan), stories of the webmail (node, Chromium), system tests (pytest) and the short crash test; ends with "N passed, N failed, N skipped"."""
import argparse
import glob
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ASAN = {'ASAN_OPTIONS': 'detect_leaks=1:abort_on_error=1', 'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'}

# Longest time of one test, and of one folder of tests, in seconds: a test that hangs fails, and the rest goes on.
TEST_TIME, FOLDER_TIME, WEB_TIME = 400, 2700, 2700
# A process for each core, each with whole files: tests wait more than they compute.
AT_ONCE = ('-n', str(min(os.cpu_count() or 1, 4)), '--dist', 'loadfile')
# A system test that fails is run once more, alone, when the machine is quiet; the end says which. What these claim must hold every time: there only
# what kept a test from asking (a command, a connection or a wait that failed) gets a second try, never an answer that was wrong.
MUST_HOLD = ('test_crash', 'test_seal', 'test_jail', 'test_memory', 'test_role')


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.second = []

    def add(self, cases):
        for _, outcome in cases:
            count = 'failed' if outcome == 'wrong' else outcome
            setattr(self, count, getattr(self, count) + 1)


def is_wrong(case):
    """Did it find something wrong, and not only fail to ask?"""
    said = [child.get('message', '').removeprefix('failed on setup with "') for child in case if child.tag in ('failure', 'error')]
    return not all(message.startswith(('instance.Failure', 'api.Refused', 'TimeoutError', 'OSError', 'Connection')) for message in said)


def read_junit(path):
    """[(name, 'passed', 'failed', 'wrong' (failed, and must hold) or 'skipped')] of a report, None when there is none."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    cases = []
    for case in root.iter('testcase'):
        kinds = {child.tag for child in case}
        name = f'{case.get("classname")}.{case.get("name")}'
        outcome = 'failed' if kinds & {'failure', 'error'} else 'skipped' if 'skipped' in kinds else 'passed'
        if outcome == 'failed' and any(held in name for held in MUST_HOLD) and is_wrong(case):
            outcome = 'wrong'
        cases.append((name, outcome))
    return cases


def failures(cases):
    return [name for name, outcome in cases if outcome in ('failed', 'wrong')]


def unit(total, verbose):
    report = os.path.join(TOP, 'build/asan/meson-logs/testlog.junit.xml')
    if os.path.exists(report):
        os.unlink(report)
    command = ['meson', 'test', '-C', 'build/asan', '--no-rebuild', '--print-errorlogs', '--timeout-multiplier', '4']
    done = subprocess.run(command + (['-v'] if verbose else ['-q']), cwd=TOP, env={**os.environ, **ASAN}, check=False)
    cases = read_junit(report) or []
    total.add(cases)
    if done.returncode != 0 and not failures(cases):
        total.failed += 1


def pytest(folder, report, *more):
    """The outcomes, None when the run broke off."""
    if os.path.exists(report):
        os.unlink(report)
    command = ['/usr/bin/python3', '-m', 'pytest', f'tests/{folder}', '--junitxml', report, '--tb=short', '-o', 'junit_family=xunit2',
               '-o', f'cache_dir={TOP}/build/pytest-{folder}', '--timeout', str(TEST_TIME), *more]
    try:
        code = subprocess.run(command, cwd=TOP, check=False, timeout=FOLDER_TIME).returncode
    except subprocess.TimeoutExpired:
        print(f'tests/{folder}: not done in {FOLDER_TIME} s', flush=True)
        return None
    return [] if code == 5 else read_junit(report)


def system(total, folder, word, verbose):
    report = os.path.join(TOP, f'build/{folder}.xml')
    cases = pytest(folder, report, '-v' if verbose else '-q', *AT_ONCE, *(['-k', word] if word else []))
    if cases is None:
        total.failed += 1
        return
    failed = [name for name, outcome in cases if outcome == 'failed']
    if failed:
        again = pytest(folder, report.replace('.xml', '-again.xml'), '-v', '--last-failed', '--last-failed-no-failures', 'none') or []
        passed = {name for name, outcome in again if outcome == 'passed'}
        total.second += sorted(passed & set(failed))
        cases = [(name, 'passed' if outcome == 'failed' and name in passed else outcome) for name, outcome in cases]
    total.add(cases)


def node(files, report):
    """Stories in a browser and unit tests of the webmail; the outcomes, None when the run broke off."""
    command = ['node', '--test', '--test-reporter=./tests/web/junit.mjs', f'--test-reporter-destination={report}', '--test-reporter=spec', '--test-reporter-destination=stderr']
    with open(report.replace('.xml', '.log'), 'w', encoding='utf-8') as log:
        try:
            subprocess.run([*command, *files], cwd=TOP, check=False, timeout=WEB_TIME, stderr=log)
        except subprocess.TimeoutExpired:
            print(f'tests/web: not done in {WEB_TIME} s', flush=True)
            return None
    return read_junit(report)


def web(total):
    files = sorted(glob.glob('tests/web/**/*.test.mjs', root_dir=TOP, recursive=True))
    cases = node(files, os.path.join(TOP, 'build/web.xml'))
    if not cases:
        total.failed += 1
        return
    failed = failures(cases)
    if failed:
        # Files of what failed, once more and one at a time.
        again = [file for file in files if any(name.startswith(f'web.{os.path.basename(file)[:-9]}.') for name in failed)]
        for name in failed:
            print(f'tests/web: {name} failed; see build/web.log', flush=True)
        passed = {name for name, outcome in node(again, os.path.join(TOP, 'build/web-again.xml')) or [] if outcome == 'passed'}
        total.second += sorted(passed & set(failed))
        cases = [(name, 'passed' if outcome == 'failed' and name in passed else outcome) for name, outcome in cases]
    total.add(cases)


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
    if not args.unit and not args.k:
        web(total)
    if not args.unit:
        for folder in ('system', 'attack'):
            system(total, folder, args.k, args.v)
    for name in total.second:
        print(f'failed at first, passed alone: {name}')
    print(f'{total.passed} passed, {total.failed} failed, {total.skipped} skipped', flush=True)
    return 1 if total.failed else 0


sys.exit(main())
