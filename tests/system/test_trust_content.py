"""letterlock trust phish and trust junk, with a zone file and a directory."""
import json
import subprocess

import pytest

from conftest import PROGRAMS

DIRECTORY = {
    'domains': ['huaxing.example'], 'partners': ['midori.co.jp'],
    'people': [{'name': '张伟', 'address': 'zhangwei@huaxing.example', 'executive': True}, {'name': 'Alice Johnson', 'address': 'alice@huaxing.example'}],
    'lists': [{'zone': 'list.test', 'points': 40, 'kind': 'addresses'}], 'sender': {'letters_in': 0},
}
ZONE = '''$ORIGIN evil.test.
@ 60 TXT "v=spf1 -all"
$ORIGIN list.test.
9.2.0.192 60 A 127.0.0.2
8.2.0.192 60 A 127.255.255.254
'''
LETTER = '''From: {sender}
To: finance@huaxing.example
Subject: {subject}
Date: Fri, 20 Nov 2026 03:00:00 +0000
Message-ID: <1@evil.test>
Content-Type: text/html; charset=utf-8

{body}
'''


@pytest.fixture
def judge(tmp_path):
    (tmp_path / 'names.json').write_text(json.dumps(DIRECTORY))
    (tmp_path / 'zone').write_text(ZONE)

    def run(what, sender, body, *rest, subject='hello', ip='192.0.2.7'):
        (tmp_path / 'letter.eml').write_text(LETTER.format(sender=sender, subject=subject, body=body), encoding='utf-8')
        done = subprocess.run([f'{PROGRAMS}/letterlock', 'trust', what, str(tmp_path / 'letter.eml'), '--ip', ip, '--helo', 'mx.evil.test', '--mail-from', 'x@evil.test',
                               '--directory', str(tmp_path / 'names.json'), '--dns', str(tmp_path / 'zone'), '--now', '1795400000', '--json', *rest],
                              capture_output=True, timeout=120, check=False)
        return done.returncode, json.loads(done.stdout)
    return run


def reasons(result):
    return {check['name']: check['reason'] for check in result['checks']}


def test_a_false_executive_with_a_lying_link_is_quarantined_and_explained(judge):
    code, result = judge('phish', '"Zhang Wei (CEO)" <ceo@evil.test>',
                         '<p>我在开会,请尽快转账</p><a href="http://huaxing.example.top-pay.test/">https://portal.huaxing.example/</a>')
    assert code == 0 and result['schema'] == 'letterlock.trust.phish.1'
    assert result['result'] == 'quarantine' and result['score'] == result['phishing']
    found = reasons(result)
    assert found['name_person'] == 'romanised_name' and found['link_mismatch'] == 'shows_other_host' and found['link_lookalike'] == 'embedded'
    assert found['text_pressure'] == 'asks_money' and found['spf_failed'] == 'fail'
    person = next(check for check in result['checks'] if check['name'] == 'name_person')
    assert person['arguments'] == {'person': 'zhangwei@huaxing.example'}
    assert result['header'].startswith('X-Letterlock-Verdict: v1; verdict=quarantine; ') and result['header'].isascii()


def test_an_ordinary_letter_passes(judge):
    code, result = judge('phish', 'Bob <bob@evil.test>', '<p>minutes of the meeting</p><a href="https://www.evil.test/">evil.test</a>')
    assert code == 0 and result['result'] == 'pass'
    assert not {'name_person', 'link_mismatch', 'link_lookalike', 'text_pressure'} & set(reasons(result))


def test_an_error_code_of_a_list_is_no_listing(judge):
    _, listed = judge('junk', 'Bob <bob@evil.test>', '<p>x</p>', ip='192.0.2.9')
    _, refused = judge('junk', 'Bob <bob@evil.test>', '<p>x</p>', ip='192.0.2.8')
    assert reasons(listed)['client_listed'] == 'listed'
    assert 'client_listed' not in reasons(refused)


def test_a_broken_directory_is_said(judge, tmp_path):
    (tmp_path / 'broken.json').write_text('{')
    code, result = judge('phish', 'Bob <bob@evil.test>', 'x', '--directory', str(tmp_path / 'broken.json'))
    assert code == 2 and 'directory' in json.dumps(result)


def test_content_says_what_would_be_done(tmp_path):
    """The rows of malware.actions by which a finding is judged, and a row of one's own."""
    (tmp_path / 'run.exe').write_bytes(b'MZ' + bytes(58) + b'\x40\0\0\0PE\0\0' + bytes(200))

    def content(*words):
        done = subprocess.run([f'{PROGRAMS}/letterlock', 'trust', 'content', str(tmp_path / 'run.exe'), '--json', *words], capture_output=True, timeout=120,
                              check=False)
        return done.returncode, json.loads(done.stdout)

    code, result = content()
    assert code == 0 and (result['action_in'], result['action_out']) == ('hold', 'tag')
    assert {'executable'} <= {f['counts_as'] for f in result['findings']}
    code, result = content('--actions', 'executable in convert,executable out reject,disguised in convert')
    assert code == 0 and (result['action_in'], result['action_out']) == ('convert', 'reject')
    code, result = content('--actions', 'executable in burn')
    assert code == 2 and 'convert' in json.dumps(result)
