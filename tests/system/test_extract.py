"""Previews: documents as pictures, through the processes that read them; hostile documents harm nobody; attachments for viewing only."""
import base64
import contextlib
import email
import email.message
import email.policy
import json
import os
import secrets
import sys
import time
import urllib.parse

import pytest

import documents as made
from conftest import TOP, end_site, make_site
from jmap_client import Jmap
from test_malware import officer_session, quarantine
from test_revoke import new_user

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api, Refused, totp  # noqa: E402

PASSWORD = 'first-password-1'
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


class Person:
    def __init__(self, site):
        address = f'look{secrets.token_hex(4)}@demo.test'
        site.instance.cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
        self.user = {'address': address, 'password': PASSWORD}
        self.jmap = Jmap(site, self.user)
        self.account = self.jmap.account

    def ask(self, blob, **query):
        end = time.monotonic() + 120
        while True:
            status, fields, body = self.jmap.ask('GET', f'/jmap/preview/{self.account}/{blob}?{urllib.parse.urlencode(query)}')
            # Many at a time are refused with this, whatever they are.
            if status != 503 or time.monotonic() > end:
                return status, fields, body
            time.sleep(0.2)

    def upload(self, data):
        status, answer = self.jmap.upload(data)
        assert status == 201
        return answer['blobId']

    def info(self, data, **query):
        end = time.monotonic() + 120
        blob = self.upload(data)
        while True:
            status, fields, body = self.ask(blob, info=1, **query)
            assert status == 200 and fields['cache-control'] == 'private, no-store', (status, body)
            found = json.loads(body)
            if found['status'] != 'busy' or time.monotonic() > end:
                return found
            time.sleep(0.2)

    def picture(self, data, **query):
        """(width, height, pixel) of a page."""
        status, fields, body = self.ask(self.upload(data), **query)
        assert status == 200, (status, body)
        assert fields['content-type'] == 'image/png' and fields['x-content-type-options'] == 'nosniff'
        assert fields['content-security-policy'].startswith("sandbox; default-src 'none'") and fields['cache-control'] == 'private, no-store'
        return made.read_png(body)


@pytest.fixture(scope='module')
def person(site):
    return Person(site)


@pytest.fixture(scope='module')
def officer(site):
    who = next(p for p in site.staff if p['role'] == 'officer')
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for step in (0, 1):
            with contextlib.suppress(Refused):
                return Api(site.ports['management'], site.tls()).sign_in(who['address'], who['password'],
                                                                         proof={'kind': 'totp', 'code': totp(who['totp_secret'], step=step)})
        time.sleep(1)
    raise AssertionError('no session')


def dark(picture, left=0.0, top=0.0, right=1.0, bottom=1.0):
    """How many pixels of a part of the picture are dark."""
    width, height, pixel = picture
    return sum(sum(pixel(x, y)) < 300 for y in range(int(height * top), int(height * bottom)) for x in range(int(width * left), int(width * right)))


def test_pages_of_a_pdf_are_pictures(person):
    document = made.pdf([made.square('1 0 0'), made.square('0 0 1')])
    found = person.info(document)
    assert found['status'] == 'ok' and found['type'] == 'pdf' and found['pages'] == 2 and not found['cut'] and not found['marked']
    width, height, pixel = person.picture(document, page=1, width=200)
    assert (width, height) == (200, 283) and pixel(100, 148) == RED and pixel(5, 5) == WHITE
    assert person.picture(document, page=2, width=100)[2](50, 74) == BLUE
    for page, status in ((0, 404), (3, 404), (4294967295, 404)):
        assert person.ask(person.upload(document), page=page)[0] == status
    # Widths are moved into their limits.
    assert person.picture(document, width=1)[0] == 64


@pytest.mark.parametrize('document', [made.png(16, 8), made.WEBP, made.gif(10, 10), made.png(300, 2, texts=[b'Comment\0secret place'])],
                         ids=['png', 'webp', 'gif', 'text'])
def test_pictures_are_drawn_anew(person, document):
    assert person.info(document)['status'] == 'ok'
    status, fields, body = person.ask(person.upload(document))
    assert status == 200 and fields['content-type'] == 'image/png' and b'secret' not in body
    width, height, pixel = made.read_png(body)
    assert pixel(0, 0) in (RED, BLUE) and width <= 300


def test_photographs_stand_upright_and_say_nothing_else(person):
    for orientation, size in ((None, (16, 8)), (1, (16, 8)), (6, (8, 16)), (3, (16, 8)), (99, (16, 8))):
        status, fields, body = person.ask(person.upload(made.jpeg(orientation)))
        assert status == 200 and fields['content-type'] == 'image/jpeg' and b'Exif' not in body
        at = body.index(b'\xff\xc0')
        assert (int.from_bytes(body[at + 7:at + 9], 'big'), int.from_bytes(body[at + 5:at + 7], 'big')) == size, orientation


TEXTS = {
    'text': ('a.txt', 'text', '第一行 one\n'.encode() * 3),
    'gb18030': ('a.txt', 'text', '第一行，中文文本没有标明字符集'.encode('gb18030')),
    'html': ('a.html', 'html', b'<!DOCTYPE html><html><body><script>bad()</script><h1>Heading</h1><p>words</p></body></html>'),
    'rtf': ('a.rtf', 'rtf', b'{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}Hello \\u20013? \\b world\\par next}'),
    'docx': ('a.docx', 'docx', made.docx('第一段', 'second &amp; last')),
    'xlsx': ('a.xlsx', 'xlsx', made.xlsx([['a', 'b'], ['合计', '12']])),
    'odt': ('a.odt', 'odt', made.odt('Absatz eins', 'zwei')),
}


@pytest.mark.parametrize('kind', TEXTS)
def test_texts_are_laid_out_as_pages(person, kind):
    name, kind, document = TEXTS[kind]
    found = person.info(document, name=name)
    assert found['status'] == 'ok' and found['type'] == kind and found['pages'] == 1, found
    page = person.picture(document, name=name, width=400)
    # Something is written at the top, and nothing below.
    assert (page[0], page[1]) == (400, 565) and dark(page, bottom=0.2) > 5 and dark(page, top=0.5) == 0


def test_long_texts_have_pages_and_an_end(person):
    found = person.info(b'line\n' * 500, name='a.txt')
    assert 5 < found['pages'] < 20 and not found['cut']
    assert person.info('长文本'.encode() * 200000, name='a.txt')['cut']
    blank = person.picture(b'one\n\ftwo\n', name='a.txt', page=2, width=600)
    assert dark(blank, bottom=0.2) > 3


@pytest.mark.parametrize('name, document, kind', [('a.ofd', made.ofd(), 'ofd'), ('a.exe', b'MZ' + b'\0' * 200, None), ('a.zip', made.package({'a': 'b'}), None),
                                                  ('a.svg', b'<svg xmlns="http://www.w3.org/2000/svg"><script>bad()</script></svg>', 'svg')],
                         ids=['ofd', 'program', 'archive', 'svg'])
def test_what_nobody_reads_is_told(person, name, document, kind):
    found = person.info(document, name=name)
    assert found['status'] == 'noReader' and kind in (None, found['type']) and found['label']
    status, _, body = person.ask(person.upload(document), name=name)
    assert status == 415 and json.loads(body)['code'] == 'noReader'


# ---- documents that mean harm ----

def loops():
    document = made.pdf([made.square('1 0 0')])
    at = document.index(b'xref')
    return document.replace(b'/Root 1 0 R ', b'/Root 1 0 R /Prev %d ' % at)


def multiplying():
    """A small page that draws a form that draws a form ten times that ... ten to the power of nine squares."""
    forms = []
    for level in range(9):
        content = made.square('1 0 0') if level == 8 else '/X Do ' * 10
        forms.append(f'<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X {7 + level} 0 R >> >> '
                     f'/Length {len(content)} >>\nstream\n{content}\nendstream')
    return made.pdf(['/X Do ' * 10], extra=forms).replace(b'/Font << /F 3 0 R >>', b'/XObject << /X 6 0 R >>')


HOSTILE = {
    'javascript': (lambda: made.pdf([made.square('1 0 0')], catalog='/OpenAction << /S /JavaScript /JS (app.alert(1); while(1);) >>'), {'ok'}),
    'launch': (lambda: made.pdf([made.square('1 0 0')], catalog='/OpenAction << /S /Launch /F (/bin/sh) >>'), {'ok'}),
    'remote': (lambda: made.pdf([made.square('1 0 0')], catalog='/OpenAction << /S /URI /URI (http://127.0.0.1:9/) >>'), {'ok'}),
    'huge box': (lambda: made.pdf([made.square('1 0 0')], box=(0, 0, 10**9, 10**9)), {'ok'}),
    'long box': (lambda: made.pdf([made.square('1 0 0')], box=(0, 0, 1, 10**6)), {'ok'}),
    'no box': (lambda: made.pdf([made.square('1 0 0')], box=(0, 0, 0, 0)), {'ok'}),
    'many pages': (lambda: made.pdf([made.square('1 0 0')], count=100000), {'ok', 'damaged', 'failed'}),
    'encrypted': (lambda: made.pdf([made.square('1 0 0')], trailer='/ID [<00><00>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 '
                                   f'/O <{"41" * 32}> /U <{"42" * 32}> >>'), {'encrypted'}),
    'loop': (loops, {'ok', 'damaged', 'failed'}),
    'page tree loop': (lambda: made.pdf([made.square('1 0 0')]).replace(b'/Kids [4 0 R]', b'/Kids [2 0 R]'), {'ok', 'damaged', 'failed'}),
    'cut': (lambda: made.pdf([made.square('1 0 0')])[:120], {'damaged'}),
    'rubbish': (lambda: b'%PDF-1.7\n' + bytes(range(256)) * 40, {'damaged'}),
    'big picture': (lambda: made.png_bomb(60000, 60000), {'tooLarge', 'damaged'}),
    'wide picture': (lambda: made.png_bomb(2000000000, 1), {'tooLarge', 'damaged'}),
    'big gif': (lambda: made.gif(65535, 65535), {'tooLarge'}),
    'cut picture': (lambda: made.png(200, 200)[:60], {'ok', 'damaged'}),
    'cut photograph': (lambda: made.JPEG[:200], {'damaged'}),
    'lying photograph': (lambda: made.JPEG.replace(b'\x00\x08\x00\x10\x03', b'\xff\xff\xff\xff\x03'), {'tooLarge', 'damaged'}),
    'bomb of zeros': (lambda: made.docx('a', more={'word/document.xml': '<w:p><w:t>' + 'A' * 40000000 + '</w:t></w:p>'}), {'ok', 'damaged', 'failed', 'tooLarge'}),
    'deep rtf': (lambda: b'{\\rtf1' + b'{' * 300000 + b'x', {'ok'}),
    'bin rtf': (lambda: b'{\\rtf1 a\\bin99999999999999999999 b}', {'ok'}),
}


@pytest.mark.parametrize('what', HOSTILE)
def test_documents_that_mean_harm_harm_nobody(person, what):
    make, expected = HOSTILE[what]
    document = make()
    found = person.info(document)
    assert found['status'] in expected, found
    status, _, body = person.ask(person.upload(document), page=1, width=400)
    assert status in (200, 404, 413, 415, 422), (status, body)
    if status == 200:
        assert body.startswith((b'\x89PNG', b'\xff\xd8'))


def test_what_costs_too_much_ends_and_the_next_is_served(site, person):
    before = next(r for r in site.instance.cli('status')['roles'] if r['role'] == 'extract')
    blob = person.upload(multiplying())
    status, _, body = person.ask(blob, width=2400)
    assert status in (200, 422) and (status == 200 or json.loads(body)['code'] in ('failed', 'damaged'))
    assert person.picture(made.pdf([made.square('1 0 0')]), width=100)[2](50, 74) == RED
    after = next(r for r in site.instance.cli('status')['roles'] if r['role'] == 'extract')
    assert after['pid'] == before['pid'] and after['restarts'] == before['restarts']


# ---- letters ----

def letter_with(site, person, name, content):
    subject = f'look {secrets.token_hex(4)}'
    data = base64.encodebytes(content).decode().replace('\n', '\r\n')
    text = (f'From: a@outside.test\r\nTo: {person.user["address"]}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n'
            'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee there\r\n'
            f'--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename={name}\r\n'
            f'Content-Transfer-Encoding: base64\r\n\r\n{data}\r\n--b--\r\n')
    with site.imap(person.user) as client:
        assert client.append('INBOX', None, None, text.encode())[0] == 'OK'
    email = person.jmap.call('Email/query', {'filter': {'subject': subject}})['ids'][0]
    found = person.jmap.call('Email/get', {'ids': [email], 'properties': ['attachments', 'blobId']})['list'][0]
    return found['attachments'][0]['blobId'], found['blobId']


def test_previews_of_others_are_not_there(site, person):
    part, _ = letter_with(site, person, 'a.pdf', made.pdf([made.square('1 0 0')]))
    assert person.ask(part, width=100)[0] == 200
    stranger = Person(site)
    assert stranger.ask(part)[0] == 404
    assert stranger.jmap.ask('GET', f'/jmap/preview/{person.account}/{part}')[0] == 404
    for path in ('', f'{person.account}', f'{person.account}/', f'{person.account}/Bxx', f'{person.account}/{part}/x', 'x/y'):
        assert person.jmap.ask('GET', f'/jmap/preview/{path}')[0] == 404, path
    assert Jmap(site, person.user, password='wrong').ask('GET', f'/jmap/preview/{person.account}/{part}')[0] == 401


def test_attachments_for_viewing_only(site, officer, person):
    document = made.pdf([made.square('1 0 0')])
    before = officer.call('policy.get', name='reading')['value']
    with pytest.raises(Refused):
        officer.call('policy.set', name='reading', value={'attachments': 'sometimes'})
    officer.call('policy.set', name='reading', value={**before, 'attachments': 'view-only'})
    try:
        viewer = Person(site)
        part, whole = letter_with(site, viewer, 'a.pdf', document)
        info = json.loads(viewer.ask(part, info=1)[2])
        status, _, body = viewer.ask(part, width=600)
        refused = [viewer.jmap.ask('GET', f'/jmap/download/{viewer.account}/{blob}/a.pdf')[0] for blob in (part, whole)]
        got = viewer.jmap.call('Blob/get', {'ids': [part], 'properties': ['data:asBase64']})
        copied = viewer.jmap.call('Blob/upload', {'create': {'a': {'data': [{'blobId': part}]}}})
        own = viewer.upload(document)
        mine = viewer.jmap.ask('GET', f'/jmap/download/{viewer.account}/{own}/a.pdf')
    finally:
        officer.call('policy.set', name='reading', value=before)
    assert info['marked'] and info['pages'] == 1
    assert status == 200
    _, _, pixel = made.read_png(body)
    # The mark is all over the white of the page.
    assert sum(pixel(x, y) != WHITE for y in range(0, 200) for x in range(0, 600, 3)) > 500
    assert refused == [403, 403] and not got['list'] and 'a' not in (copied.get('created') or {})
    assert mine[0] == 200 and mine[2] == document


# ---- attachments that become pictures ----

@pytest.fixture(scope='module')
def converting():
    site = make_site(seed=False, options={'malware.actions': ['active in convert', 'macro in convert'], 'malware.clamd': '', 'trust.judge': 'no'})
    try:
        site.instance.cli('domain', 'add', 'demo.test')
        site.reader = new_user(site, 'reader')
        site.officer = officer_session(site)
        yield site
    finally:
        end_site(site)


def delivered(site, name, content):
    """The parts of a letter with that file as its reader gets it: [(type, name, content)], and the quarantined original."""
    text, sender = f'word{secrets.token_hex(6)}', f'{secrets.token_hex(6)}@outside.test'
    message = email.message.EmailMessage()
    message['From'], message['To'], message['Subject'] = sender, site.reader['address'], text
    message.set_content(text)
    message.add_attachment(content, maintype='application', subtype='octet-stream', filename=name)
    site.deliver([site.reader['address']], message.as_bytes(policy=email.policy.SMTP), sender=sender)
    got = email.message_from_bytes(site.find(site.reader, text)[0], policy=email.policy.default)
    kept = quarantine(site, **{'from': sender})
    return [(p.get_content_type(), p.get_filename(), p.get_content()) for p in got.walk() if not p.is_multipart()], kept


ACTIVE = '/OpenAction << /S /JavaScript /JS (app.launchURL\\(1\\)) >>'


def test_a_document_that_acts_becomes_pictures_of_its_pages(converting):
    parts, kept = delivered(converting, '合同.pdf', made.pdf([made.square('1 0 0'), made.square('0 0 1')], catalog=ACTIVE))
    assert [p[0] for p in parts] == ['text/plain', 'text/plain', 'application/pdf']
    assert '合同.pdf' in parts[1][2] and 'pictures of its pages' in parts[1][2] and '页面图像' in parts[1][2]
    _, name, document = parts[2]
    assert name == '合同.pdf.pdf' and document.startswith(b'%PDF-') and document.count(b'DCTDecode') == 2
    assert b'JavaScript' not in document and b'OpenAction' not in document
    assert len(kept) == 1 and kept[0]['reason'] == 'stripped'
    # And it can be looked at again, page by page.
    reader = Jmap(converting, converting.reader)
    blob = reader.upload(document)[1]['blobId']
    end = time.monotonic() + 60
    while True:
        status, _, body = reader.ask('GET', f'/jmap/preview/{reader.account}/{blob}?page=2&width=100')
        if status != 503 or time.monotonic() > end:
            break
        time.sleep(0.2)
    red, green, blue = made.read_png(body)[2](50, 74)
    assert status == 200 and blue > 240 and red < 15 and green < 15


def test_what_cannot_become_pictures_is_taken_out(converting):
    broken = made.pdf([made.square('1 0 0')], catalog=ACTIVE).replace(b'/Type /Pages', b'/Type /Nopes').replace(b'/Kids', b'/Kuds')
    parts, kept = delivered(converting, 'plan.pdf', broken)
    assert [p[0] for p in parts] == ['text/plain', 'text/plain'] and 'was removed' in parts[1][2]
    assert len(kept) == 1 and kept[0]['reason'] == 'stripped'
