"""Letters as a browser shows them: the safe document, its policy, quotes, and what the organisation allows."""
import base64
import contextlib
import os
import secrets
import sys
import time

import pytest

from conftest import TOP
from jmap_client import Jmap

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api, Refused, totp  # noqa: E402

PASSWORD = 'first-password-1'
LETTER = (
    'From: a@outside.test\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n'
    'Content-Type: multipart/related; boundary=r\r\n\r\n'
    '--r\r\nContent-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n{html}\r\n'
    '--r\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--r--\r\n')
HTML = ('<style>p{color:red;background:url(https://t.example/c.png)}</style><body onload=bad()><p>你好<script>bad()</script>'
        '<img src="cid:i@x"><img src="https://t.example/x.gif"><a href="https://evil.example/">www.bank.example</a>')


@pytest.fixture(scope='module')
def place(site):
    return site


@pytest.fixture
def officer(site):
    """The session of the security officer; a code is used once only."""
    who = next(person for person in site.staff if person['role'] == 'officer')
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for step in (0, 1):
            with contextlib.suppress(Refused):
                return Api(site.ports['management'], site.tls()).sign_in(who['address'], who['password'],
                                                                         proof={'kind': 'totp', 'code': totp(who['totp_secret'], step=step)})
        time.sleep(1)
    raise AssertionError('no session')


def reader(place):
    address = f'view{secrets.token_hex(4)}@demo.test'
    place.instance.cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
    user = {'address': address, 'password': PASSWORD}
    subject = f'view {secrets.token_hex(4)}'
    html = base64.b64encode(HTML.encode('gb2312')).decode()
    with place.imap(user) as client:
        assert client.append('INBOX', None, None, LETTER.format(to=address, subject=subject, html=html).encode())[0] == 'OK'
    jmap = Jmap(place, user)
    # Not the newest one: notices of the system arrive when they like.
    found = jmap.call('Email/query', {'filter': {'subject': subject}})
    return jmap, jmap.account, found['ids'][0]


@pytest.fixture(scope='module')
def letter(place):
    return reader(place)


def look(letter, query=''):
    jmap, account, email = letter
    status, fields, body = jmap.ask('GET', f'/jmap/view/{account}/{email}?{query}')
    return status, fields, body.decode()


def test_the_document_is_safe_and_has_a_policy_of_its_own(letter):
    status, fields, body = look(letter, 'images=0&frame=0')
    assert status == 200 and fields['content-type'] == 'text/html; charset=utf-8'
    policy = fields['content-security-policy']
    assert policy.startswith('sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors \'self\'; default-src \'none\'; img-src data:;')
    assert 'same-origin' not in policy and 'script-src' not in policy
    assert fields['cache-control'] == 'private, no-store' and fields['x-content-type-options'] == 'nosniff'
    assert fields['referrer-policy'] == 'no-referrer' and fields['cross-origin-opener-policy'] == 'unsafe-none'
    assert fields['letterlock-view'].startswith('remote=2, missing=0, links=1, deceiving=1')
    assert '你好<img src="data:image/png;base64,YWJj"><img>' in body and 'bad()' not in body and '<script' not in body and 't.example' not in body
    assert '/leave?to=https%3A%2F%2Fevil.example%2F&amp;shown=www.bank.example' in body


def test_each_way_of_looking(letter):
    _, fields, body = look(letter, 'images=1')
    assert 'img-src data: https:;' in fields['content-security-policy'] and 'https://t.example/x.gif' in body
    _, fields, body = look(letter, 'text=1&theme=dark')
    assert '<p>' not in body and '你好' in body and 'color-scheme:dark' in body
    _, fields, body = look(letter)
    assert 'allow-scripts' in fields['content-security-policy'] and body.count('<script>') == 1
    _, _, body = look(letter, 'quote=1&images=1')
    assert body.startswith('<div><p>你好') and '<style' not in body and 'src="https' not in body


def test_letters_of_others_and_other_names_are_not_there(place, letter):
    jmap, account, email = letter
    stranger, theirs, _ = reader(place)
    assert stranger.ask('GET', f'/jmap/view/{theirs}/{email}')[0] == 404
    assert stranger.ask('GET', f'/jmap/view/{account}/{email}')[0] == 404
    for path in (f'{account}/', f'{account}/M{"0" * 32}', f'{account}', f'{account}/{email}/x', 'x/y'):
        assert jmap.ask('GET', f'/jmap/view/{path}')[0] == 404, path
    assert Jmap(place, jmap.user, password='wrong').ask('GET', f'/jmap/view/{account}/{email}')[0] == 401


def test_the_page_before_a_link_needs_no_sign_in(place, letter):
    jmap, _, _ = letter
    status, fields, body = Jmap(place, jmap.user, password='wrong').ask('GET', '/leave?to=javascript%3Ax&shown=%3Cb%3E')
    assert status == 200 and 'javascript:x' not in body.decode() and '<b>' not in body.decode()
    assert "script-src 'sha256-" in fields['content-security-policy'] and "default-src 'none'" in fields['content-security-policy']
    assert '<script>' in body.decode()


def test_the_organisation_allows_text_only(place, officer):
    before = officer.call('policy.get', name='reading')['value']
    assert before == {'text_only': False, 'images': 'ask', 'attachments': 'download'}
    with pytest.raises(Refused):
        officer.call('policy.set', name='reading', value={'images': 'sometimes'})
    officer.call('policy.set', name='reading', value={'text_only': True, 'images': 'never'})
    try:
        _, fields, body = look(reader(place), 'images=1')
    finally:
        officer.call('policy.set', name='reading', value=before)
    assert '<p>' not in body and '你好' in body and 'img-src data:;' in fields['content-security-policy']
