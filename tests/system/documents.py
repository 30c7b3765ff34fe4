"""Documents made by hand: small honest ones, and hostile ones."""
import base64
import io
import struct
import zipfile
import zlib


def pdf(pages, box=(0, 0, 595, 842), catalog='', extra=(), trailer='', count=None):
    """pages: content streams. extra: further objects, numbered behind them."""
    kids = ' '.join(f'{4 + 2 * i} 0 R' for i in range(len(pages)))
    objects = [f'<< /Type /Catalog /Pages 2 0 R {catalog} >>', f'<< /Type /Pages /Kids [{kids}] /Count {count or len(pages)} >>',
               '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
    for i, content in enumerate(pages):
        objects.append(f'<< /Type /Page /Parent 2 0 R /MediaBox [{" ".join(map(str, box))}] /Contents {5 + 2 * i} 0 R '
                       '/Resources << /Font << /F 3 0 R >> >> >>')
        objects.append(content if isinstance(content, bytes) else f'<< /Length {len(content)} >>\nstream\n{content}\nendstream')
    objects += extra
    out, offsets = bytearray(b'%PDF-1.7\n'), []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f'{n} 0 obj\n'.encode() + (body if isinstance(body, bytes) else body.encode()) + b'\nendobj\n'
    start = len(out)
    out += f'xref\n0 {len(objects) + 1}\n0000000000 65535 f \n'.encode() + b''.join(f'{at:010d} 00000 n \n'.encode() for at in offsets)
    out += f'trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n'.encode()
    return bytes(out)


def square(colour):
    """A page that has a square of this colour in its middle."""
    return f'{colour} rg 200 300 200 200 re f'


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height, rows=None, colour=(255, 0, 0), texts=()):
    """rows: how many are really there."""
    line = b'\0' + bytes(colour) * width
    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(line * (height if rows is None else rows), 9)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + b''.join(chunk(b'tEXt', t) for t in texts) + chunk(b'IDAT', data) + chunk(b'IEND', b'')


def png_bomb(width, height):
    """A head that promises everything, and next to no data."""
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(b'\0' * 5000)) \
        + chunk(b'IEND', b'')


def read_png(data):
    """(width, height, function from x, y to RGB) of an 8-bit picture without interlacing."""
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, idat = 8, b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if kind == b'IHDR':
            width, height, depth, colours = struct.unpack('>IIBB', body[:10])
        elif kind == b'IDAT':
            idat += body
        else:
            assert kind in (b'IEND', b'bKGD', b'pHYs'), kind
        at += 12 + n
    size = {2: 3, 6: 4}[colours]
    assert depth == 8
    raw, stride, rows, above = zlib.decompress(idat), width * size, [], bytearray(width * size)
    for y in range(height):
        how, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if how else 0):
            a, b, c = line[i - size] if i >= size else 0, above[i], above[i - size] if i >= size else 0
            if how == 4:
                p = a + b - c
                pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
                guess = a if pa <= pb and pa <= pc else b if pb <= pc else c
            else:
                guess = {1: a, 2: b, 3: (a + b) // 2}[how]
            line[i] = (line[i] + guess) & 255
        rows.append(line)
        above = line
    return width, height, lambda x, y: tuple(rows[y][x * size:x * size + 3])


# 16 by 8 pixels, red left and blue right.
JPEG = base64.b64decode(
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBA'
    'UEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAIABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAA'
    'AAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRk'
    'dISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3'
    '+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNO'
    'El8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU'
    '1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD50rwKiiv3D6Mv/M4/7gf+5j+jfpDf8yr/ALjf+4j/2Q==')
WEBP = base64.b64decode('UklGRiYAAABXRUJQVlA4TBkAAAAvD8ABAA8Q87//8x8OxILJ/KU7U4jof+QAAA==')


def gif(width, height, data=b'\x02\x16\x8c\x2d\x99\x87\x2a\x1c\xdc\x33\xa0\x02\x75\xec\x95\xfa\xa8\xde\x60\x8c\x04\x91\x4c\x01\x00'):
    """Four colours; the data are those of ten by ten pixels."""
    return b'GIF89a' + struct.pack('<HHBBB', width, height, 0x91, 0, 0) + bytes((255, 255, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0)) \
        + b'!\xf9\x04\0\0\0\0\0' + b',' + struct.pack('<HHHHB', 0, 0, width, height, 0) + data + b';'


def jpeg(orientation=None):
    base = JPEG
    if orientation is None:
        return base
    exif = b'Exif\0\0II*\0\x08\0\0\0\x01\0' + struct.pack('<HHIHH', 274, 3, 1, orientation, 0) + b'\0\0\0\0'
    return base[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + base[2:]


def package(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items():
            z.writestr(name, content)
    return out.getvalue()


TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def docx(*paragraphs, more=None):
    body = ''.join(f'<w:p><w:r><w:t>{p}</w:t></w:r></w:p>' for p in paragraphs)
    kind = '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    return package({'[Content_Types].xml': TYPES.format(kind), '_rels/.rels': '<Relationships/>',
                    'word/document.xml': f'<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>', **(more or {})})


def xlsx(rows):
    strings, cells = [], ''
    for row in rows:
        cells += '<row>'
        for cell in row:
            cells += f'<c t="s"><v>{len(strings)}</v></c>'
            strings.append(f'<si><t>{cell}</t></si>')
        cells += '</row>'
    kind = '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    return package({'[Content_Types].xml': TYPES.format(kind), 'xl/workbook.xml': '<workbook/>', 'xl/sharedStrings.xml': f'<sst>{"".join(strings)}</sst>',
                    'xl/worksheets/sheet1.xml': f'<worksheet><sheetData>{cells}</sheetData></worksheet>'})


def odt(*paragraphs):
    body = ''.join(f'<text:p>{p}</text:p>' for p in paragraphs)
    return package({'mimetype': 'application/vnd.oasis.opendocument.text',
                    'content.xml': f'<office:document-content><office:body><office:text>{body}</office:text></office:body></office:document-content>'})


def ofd():
    return package({'OFD.xml': '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', 'Doc_0/Document.xml': '<ofd:Document/>'})
