#!/usr/bin/python3
"""Our Sieve beside Pigeonhole's sieve-test (Debian: dovecot-sieve): the same mailboxes for every script and letter. TAP; skipped without it."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

LETTERS = {
    'plain': 'From: Ann Lee <ann+work@example.org>\nTo: bob@example.com, "Carl, C." <carl@example.net>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= offer 42\n'
             'Date: Tue, 01 Jul 2025 10:00:00 +0200\nMessage-ID: <1@example.org>\nX-Score: 0017\nX-Twice: first\nX-Twice: second\n\nsecret word\n',
    'parts': 'From: ann@example.org\nTo: bob@example.com\nSubject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xx\n\nprologue\n'
             '--xx\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGlkZGVuIHRyZWFzdXJl\n--xx\nContent-Type: text/html\n\n<p>news</p>\n--xx--\n',
    'bare': 'From: <>\nX-Odd:   spaces around   \n\n',
}
NEEDS = ('require ["fileinto", "copy", "envelope", "subaddress", "relational", "comparator-i;ascii-numeric", "variables", "regex", "imap4flags", "date",'
         ' "index", "body", "encoded-character", "ihave"];\n')
TESTS = [
    'header :contains "subject" "OFFER"', 'header :is "x-odd" "spaces around"', 'header :matches "subject" "*off?r *"', 'header :is "x-twice" ["x", "second"]',
    'header :regex "subject" "offer [0-9]{2}$"', 'header :contains "x-none" ""', 'header :contains "from" ""', 'exists ["from", "to"]', 'not exists "to"',
    'address :domain "from" "example.org"', 'address :localpart "to" "carl"', 'address :detail "from" "work"', 'address :user "from" "ann"',
    'address :all "to" "CARL@example.net"', 'envelope "from" "ann@example.org"', 'envelope :domain "to" "example.com"', 'size :over 100', 'size :under 100',
    'header :value "ge" :comparator "i;ascii-numeric" "x-score" "17"', 'header :count "eq" :comparator "i;ascii-numeric" "x-twice" "2"',
    'header :index 2 "x-twice" "second"', 'header :index 1 :last "x-twice" "second"', 'date :zone "+0200" "date" "hour" "10"', 'date "date" "year" "2025"',
    'date :originalzone "date" "iso8601" "2025-07-01T10:00:00+02:00"', 'body :contains "hidden treasure"', 'body :raw :contains "aGlkZGVu"',
    'body :content "text/html" :contains "<p>"', 'header :contains "subject" "gr${unicode:fc}"', 'header :comparator "i;octet" :contains "subject" "Offer"',
    'allof (exists "subject", not header :contains "subject" "parts")', 'anyof (false, size :over 1K, header :is "message-id" "<1@example.org>")',
    'not ihave "vnd.nobody.has.this"',
]
SCRIPTS = [f'if {test} {{ fileinto "yes"; }} else {{ fileinto "no"; }}' for test in TESTS] + [
    'fileinto :copy "a";', 'fileinto "a"; fileinto "b"; fileinto "a";', 'discard;', 'keep; fileinto "a";', 'stop; discard;',
    'if header :matches "subject" "*offer *" { fileinto "o${2}"; }', 'set :upper :quotewildcard "x" "a*b"; fileinto "${x}";',
    'set :length "n" "${x}four"; fileinto "n${n}";', 'if header :regex "x-score" "^0*([1-9][0-9]*)" { fileinto "s${1}"; }',
    'if false { discard; } elsif true { fileinto "e"; } else { keep; }', 'set "a" "${b}x"; set "b" "${a}${a}"; fileinto "${b}";',
]


def theirs(folder, script, letter):
    nobody = {'user': 65534, 'group': 65534} if os.geteuid() == 0 else {}  # it refuses to work for root
    done = subprocess.run(['sieve-test', '-f', 'ann@example.org', '-r', 'bob@example.com', '-o', 'mail_location=mdbox:' + folder, script, letter],
                          capture_output=True, text=True, timeout=60, check=False, env={**os.environ, 'HOME': folder}, **nobody)
    text = done.stdout
    if 'Performed actions' not in text:
        return None
    boxes = set(re.findall(r'store message in folder: (\S+)', text))
    if re.search(r'Implicit keep:\s+\* store', text) is None and not boxes and 'discard' in text:
        return set()
    return boxes


def ours(program, script, letter):
    text = subprocess.run([program, script, letter], capture_output=True, text=True, timeout=60, check=True).stdout
    return None if text.startswith(('refused', 'error')) else set(re.findall(r'^file (\S+)', text, re.M))


def main(program):
    if shutil.which('sieve-test') is None:
        print('1..0 # SKIP sieve-test is not here')
        return 0
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        for name, letter in LETTERS.items():
            path = os.path.join(folder, name)
            with open(path, 'w', encoding='utf-8', newline='') as f:
                f.write(letter.replace('\n', '\r\n'))
            for text in SCRIPTS:
                number += 1
                script = os.path.join(folder, 'script.sieve')
                with open(script, 'w', encoding='utf-8') as f:
                    f.write(NEEDS + text + '\n')
                a, b = ours(program, script, path), theirs(folder, script, path)
                print(f'{"ok" if a == b else "not ok"} {number} - {name}: {text}' + ('' if a == b else f'\n# ours {a}, theirs {b}'))
    print(f'1..{number}')
    return 0


sys.exit(main(sys.argv[1]))
