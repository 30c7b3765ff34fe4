#!/usr/bin/python3
"""Compares our digest with the parse that others published for the same messages: mime_vectors.py MIME_DUMP [VECTORS].

VECTORS is ../shared/vectors/mime beside the source tree unless told; without it the test is skipped. Where the publishers' reading
is a choice of theirs and not of a standard, the case stands in ACCEPTED with the reason.
"""
import calendar
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# file -> what is not compared, and why
ACCEPTED = {
    'legacy/049': (('range',), 'they leave the last byte out of a body without final line break'),
    'rfc/001': (('from', 'to'), 'an address without domain: we keep the word as local part, as ENVELOPE needs it'),
    'rfc/004': (('from', 'to'), 'the same'),
    'rfc/008': (('parts',), 'a base64-encoded message/rfc822 is forbidden (RFC 2046 5.2.1); it is an attachment here'),
}


def unhex(text):
    return bytes.fromhex(text).decode('utf-8', 'replace')


def run_dump(dump, path):
    """The published offsets were taken with LF line ends."""
    with tempfile.NamedTemporaryFile() as copy, open(path, 'rb') as f:
        copy.write(f.read().replace(b'\r\n', b'\n'))
        copy.flush()
        return subprocess.run([dump, copy.name], stdout=subprocess.PIPE, check=True).stdout.decode()


def ours(dump, path):
    result = {'parts': [], 'from': [], 'to': [], 'cc': []}
    name = None
    for line in run_dump(dump, path).splitlines():
        key, *values = line.split('\t')
        if key == 'part':
            result['parts'].append({'type': values[0], 'range': tuple(map(int, values[1:]))})
        elif key in ('filename', 'text'):
            result['parts'][-1][key] = unhex(values[0])
        elif key in ('from', 'to', 'cc'):
            result[key].append([unhex(values[0]), None])
            name = key
        elif key == 'spec':
            result[name][-1][1] = unhex(values[0])
        elif key == 'date':
            result[key] = int(values[0])
        else:
            result[key] = unhex(values[0])
    return result


def header(part, name):
    for h in part['headers']:
        if h['name'] == name:
            return h['value']
    return None


def text_of(value):
    return value['Text'] if isinstance(value, dict) and 'Text' in value else None


def unix(d):
    seconds = calendar.timegm((d['year'], d['month'], d['day'], d['hour'], d['minute'], d['second']))
    zone = d['tz_hour'] * 3600 + d['tz_minute'] * 60
    return seconds + zone if d['tz_before_gmt'] else seconds - zone


def addresses(value):
    found = []
    if not isinstance(value, dict) or 'Address' not in value:
        return None
    for kind, content in value['Address'].items():
        groups = [content] if kind == 'List' else [g['addresses'] for g in content]
        found += [[a['name'] or '', a['address'] or ''] for g in groups for a in g]
    return found


def flatten(message, base=0):
    for part in message['parts']:
        yield part, base
        body = part['body']
        if isinstance(body, dict) and 'Message' in body:
            yield from flatten(body['Message'], base)


def squeeze(text):
    return ' '.join(text.split())


def compare(expected, got):
    top = expected['parts'][0]
    subject = text_of(header(top, 'subject'))
    if subject is not None and squeeze(subject) != squeeze(got.get('subject', '')):
        yield 'subject', subject, got.get('subject')
    date = header(top, 'date')
    if isinstance(date, dict) and 'DateTime' in date and unix(date['DateTime']) != got.get('date'):
        yield 'date', unix(date['DateTime']), got.get('date')
    for field in ('from', 'to', 'cc'):
        want = addresses(header(top, field))
        if want is not None and [[squeeze(n), a.lower()] for n, a in want] != [[squeeze(n), a.lower()] for n, a in got[field]]:
            yield field, want, got[field]
    parts = list(flatten(expected))
    if len(parts) != len(got['parts']):
        yield 'parts', [(p['offset_header'], p['offset_body'], p['offset_end']) for p, _ in parts], got['parts']
        return
    for (want, _), have in zip(parts, got['parts']):
        span = (want['offset_header'], want['offset_body'], want['offset_end'])
        if span != have['range']:
            yield 'range', span, have
        body = want['body']
        for kind in ('Text', 'Html'):
            if isinstance(body, dict) and kind in body and kind == 'Text' and 'text' in have:
                if squeeze(body[kind]) != squeeze(have['text']):
                    yield 'text', body[kind], have['text']


def main():
    vectors = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, '../../shared/vectors/mime')
    files = sorted(glob.glob(os.path.join(vectors, 'rfc/*.json')) + glob.glob(os.path.join(vectors, 'legacy/*.json')))
    if not files:
        print('1..0 # SKIP no vectors at', vectors)
        return 0
    failed = 0
    print('1..%d' % len(files))
    for number, path in enumerate(files, 1):
        name = os.path.relpath(path, vectors)[:-5]
        with open(path, encoding='utf-8') as f:
            expected = json.load(f)
        # Where they gave up on 8-bit bytes (U+FFFD) we read windows-1252.
        differences = [d for d in compare(expected, ours(sys.argv[1], path[:-5] + '.eml')) if d[0] not in ACCEPTED.get(name, ((), ''))[0]
                       and '\ufffd' not in repr(d[1])]
        print('%s %d - %s' % ('not ok' if differences else 'ok', number, name))
        for what, want, have in differences:
            print('# %s: want %r\n# %s: have %r' % (what, want, what, have))
        failed += bool(differences)
    return 1 if failed else 0


sys.exit(main())
