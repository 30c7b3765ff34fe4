"""Documents for the demo's letters, made here so that the tree holds no files of others: a text document (OOXML) and a PDF."""
import io
import zipfile
from xml.sax.saxutils import escape

TYPES = ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
         '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
RELATIONS = ('<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
             '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')


def docx(paragraphs):
    body = ''.join(f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>' for text in paragraphs)
    document = f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as package:
        for name, text in (('[Content_Types].xml', TYPES), ('_rels/.rels', RELATIONS), ('word/document.xml', document)):
            package.writestr(zipfile.ZipInfo(name), '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return out.getvalue()


def pdf(pages):
    """Pages of lines in ASCII; the first line of a page is its title."""
    count = len(pages)
    objects = ['<< /Type /Catalog /Pages 2 0 R >>', f'<< /Type /Pages /Kids [{" ".join(f"{4 + 2 * n} 0 R" for n in range(count))}] /Count {count} >>',
               '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
    for n, lines in enumerate(pages):
        text = ['BT /F1 22 Tf 72 760 Td', *(f'({line}) Tj {"/F1 12 Tf 0 -36 Td" if k == 0 else "0 -20 Td"}' for k, line in enumerate(lines)), 'ET']
        stream = '\n'.join(text)
        objects.append(f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>')
        objects.append(f'<< /Length {len(stream)} >>\nstream\n{stream}\nendstream')
    out, places = b'%PDF-1.4\n', []
    for n, body in enumerate(objects, 1):
        places.append(len(out))
        out += f'{n} 0 obj\n{body}\nendobj\n'.encode('ascii')
    table = len(out)
    rows = ''.join(f'{place:010} 00000 n \n' for place in places)
    return out + f'xref\n0 {len(places) + 1}\n0000000000 65535 f \n{rows}trailer\n<< /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n'.encode('ascii')
