"""The letters of the demo. Each is a Letter: how it gets in, from whom, to whom, its bytes."""
import datetime
import hashlib
import zlib
from dataclasses import dataclass, field
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

from papers import docx, pdf
from people import DOMAIN, OUTSIDE, address, name_of

WIRE = policy.SMTP


@dataclass
class Letter:
    way: str                   # 'append' (old mail), '25' (from outside) or '465' (a user sends)
    sender: str                # address
    to: list                   # addresses; for append: the owner's local part is `owner`
    data: bytes
    owner: str = ''
    mailbox: str = 'INBOX'
    when: datetime.datetime = None
    flags: str = ''
    key: str = ''
    extra: dict = field(default_factory=dict)


def full(addr):
    """Name and address as a header value."""
    local, _, domain = addr.partition('@')
    names = {'sales@outside.test': 'Outside Trading Sales', 'tanaka@outside.test': '田中 太郎', 'newsletter@outside.test': 'Outside Weekly',
             'office@mail.outside.test': '林晓梅'}
    name = name_of(local) if domain == DOMAIN else names.get(addr, '')
    if not name:
        return addr
    return formataddr((name, addr), 'utf-8')


class Maker:
    def __init__(self, now):
        self.now = now
        self.letters = []
        self.count = 0

    def id(self, sender):
        self.count += 1
        digest = hashlib.sha256(f'{self.count} {sender}'.encode()).hexdigest()[:20]
        return f'<{digest}@{sender.partition("@")[2]}>'

    def date(self, days):
        return self.now - datetime.timedelta(days=days)

    def headers(self, message, sender, to, subject, when, parent=None, charset='utf-8'):
        message['Date'] = format_datetime(when)
        message['From'] = full(sender)
        message['To'] = ', '.join(full(a) for a in to)
        message['Subject'] = subject if subject.isascii() else Header(subject, charset).encode()
        message['Message-ID'] = self.id(sender)
        if parent:
            message['In-Reply-To'] = parent
            message['References'] = parent
        return message['Message-ID']

    def text(self, sender, to, subject, body, when, charset='utf-8', parent=None):
        message = MIMEText(body, 'plain', charset)
        ident = self.headers(message, sender, to, subject, when, parent, charset)
        return wire(message), ident

    def put(self, way, sender, to, data, **more):
        self.letters.append(Letter(way, sender, to, data, **more))

    def old(self, owner, sender, subject, body, days, mailbox='INBOX', flags='\\Seen', charset='utf-8', parent=None, to=None):
        when = self.date(days)
        data, ident = self.text(sender, to or [address(owner)], subject, body, when, charset, parent)
        self.put('append', sender, [address(owner)], data, owner=owner, mailbox=mailbox, when=when, flags=flags)
        return ident


def noise(seed, size):
    """Bytes that do not compress, the same for every run."""
    out, block = bytearray(), seed.encode()
    while len(out) < size:
        block = hashlib.sha512(block).digest()
        out += block
    return bytes(out[:size])


def png(width, height, colour):
    """A plain picture."""
    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, 'big') + body + zlib.crc32(body).to_bytes(4, 'big')
    row = b'\0' + bytes(colour) * width
    head = width.to_bytes(4, 'big') + height.to_bytes(4, 'big') + b'\x08\x02\0\0\0'
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(row * height)) + chunk(b'IEND', b'')


def threads(m):
    """Three conversations, in the mailboxes of everybody who took part."""
    talk = [
        ('lin.xiaomei', '第三季度预算', '各位同事：\n\n第三季度的预算草案已经完成，请在周五之前把意见发给我。\n主要变化：差旅费用减少百分之十二，设备采购增加。\n\n林晓梅\n'),
        ('wang.lei', '回复: 第三季度预算', '晓梅你好：\n\n数字我已核对，第七页的合计少了一行。\n其余没有问题。\n\n王磊\n'),
        ('lin.xiaomei', '回复: 第三季度预算', '谢谢，已经改好。下午把最终版本发给审计会。\n'),
    ]
    conversation(m, talk, ['lin.xiaomei', 'wang.lei', 'zhao.min'], 40)
    talk = [
        ('anna.schmidt', 'Release plan for the autumn version', 'Hello all,\n\nattached to this thread is the plan for the autumn release. Code freeze is on the 14th.\n\nAnna\n'),
        ('james.carter', 'Re: Release plan for the autumn version', 'Looks good. The migration test needs two more days; can we move the freeze to the 16th?\n\nJames\n'),
        ('chen.yu', 'Re: Release plan for the autumn version', '16th works for me as well. 测试环境周三可以用。\n\nChen Yu\n'),
        ('anna.schmidt', 'Re: Release plan for the autumn version', 'Agreed: freeze on the 16th, release on the 30th.\n'),
    ]
    conversation(m, talk, ['anna.schmidt', 'james.carter', 'chen.yu'], 25)
    talk = [
        ('maria.rossi', 'Summer party', 'Ciao a tutti,\n\nthe summer party is on Friday at 17:00 on the roof. Perché no? Bring friends.\n\nMaria\n'),
        ('zhao.min', 'Re: Summer party', '好的，我来订蛋糕。\n\n赵敏\n'),
    ]
    conversation(m, talk, ['maria.rossi', 'zhao.min', 'james.carter'], 60)


def conversation(m, talk, people, days):
    parent = None
    for step, (author, subject, body) in enumerate(talk):
        when = m.date(days - step / 2)
        others = [address(p) for p in people if p != author]
        data, ident = m.text(address(author), others, subject, body, when, parent=parent)
        parent = parent or ident
        for person in people:
            mine = person == author
            flags = '\\Seen' if mine or step + 1 < len(talk) else ''
            m.put('append', address(author), [address(person)], data, owner=person, mailbox='Sent' if mine else 'INBOX', when=when, flags=flags)


def charsets(m):
    m.old('wang.lei', 'sales@outside.test', '报价单：办公设备', '尊敬的王先生：\n\n附上贵公司询问的办公设备报价，有效期三十天。\n\n外贸公司\n', 33, charset='gb18030')
    m.old('wang.lei', 'service@outside.test', '發票通知', '您好：\n\n本月發票已經開立，請查收。\n\n客服中心\n', 31, charset='big5')
    m.old('james.carter', 'tanaka@outside.test', '会議のお知らせ', '関係者各位\n\n来週の会議は火曜日の十時から始まります。\nよろしくお願いいたします。\n\n田中\n', 29, charset='iso-2022-jp')
    m.old('anna.schmidt', 'mueller@outside.test', 'Grüße aus München', 'Liebe Anna,\n\nviele Grüße aus München. Die Unterlagen für die Prüfung kommen nächste Woche.\n\nJürgen Müller\n', 28, charset='iso-8859-1')
    m.old('anna.schmidt', 'dupont@outside.test', 'Réunion à Genève', 'Chère Anna,\n\nla réunion aura lieu à Genève le 3 décembre.\n\nÉlodie\n', 27, charset='windows-1252')
    m.old('chen.yu', 'ivanov@outside.test', 'Отчёт о проекте', 'Добрый день!\n\nОтчёт о проекте готов.\n\nИванов\n', 26, charset='koi8-r')
    m.old('zhao.min', 'kim@outside.test', '회의 일정', '안녕하세요.\n\n다음 주 회의 일정을 보내드립니다.\n\n김민수\n', 24, charset='euc-kr')
    m.old('chen.yu', 'sato@outside.test', '資料送付の件', 'お世話になっております。\n\n資料をお送りします。\n\n佐藤\n', 23, charset='shift_jis')


def html(m):
    body = ('<html><head><style>p{{color:#333}}</style></head><body><h1>{0}</h1><p>{1}</p>'
            '<p><a href="https://outside.test/news">outside.test</a></p><script>alert(1)</script></body></html>')
    cases = [
        ('anna.schmidt', 'Outside Weekly No. 12', 'This week: five ways to keep a mailbox tidy.', 'Outside Weekly', 20),
        ('lin.xiaomei', '每周简报 第十二期', '本周内容：如何让收件箱保持整洁。', '每周简报', 18),
        ('maria.rossi', 'Offerta: caffè per l’ufficio', 'Il caffè arriva domani.', 'Offerta', 16),
    ]
    for owner, subject, words, title, days in cases:
        when = m.date(days)
        message = MIMEMultipart('alternative')
        m.headers(message, 'newsletter@outside.test', [address(owner)], subject, when)
        message.attach(MIMEText(f'{title}\n\n{words}\n', 'plain', 'utf-8'))
        message.attach(MIMEText(body.format(title, words), 'html', 'utf-8'))
        m.put('append', 'newsletter@outside.test', [address(owner)], wire(message), owner=owner, when=when, flags='')


def wire(message):
    return message.as_bytes().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


def with_files(m, sender, to, subject, body, when, files, inline=None):
    message = EmailMessage(policy=WIRE)
    message['Date'] = format_datetime(when)
    message['From'] = full(sender)
    message['To'] = ', '.join(full(a) for a in to)
    message['Subject'] = subject
    message['Message-ID'] = m.id(sender)
    message.set_content(body, cte='base64')
    if inline:
        message.add_alternative(f'<p>{body}</p><img src="cid:picture@{DOMAIN}" alt="">', subtype='html')
        message.get_payload()[1].add_related(inline, 'image', 'png', cid=f'<picture@{DOMAIN}>')
    for name, kind, data in files:
        main, _, sub = kind.partition('/')
        message.add_attachment(data, main, sub, filename=name)
    return message.as_bytes()


def attachments(m):
    policy_pages = [['Travel policy', 'Trains first, flights above five hours.', 'Receipts within ten days.'], ['Rates', 'Beijing, Shanghai: 650 a night.', 'Elsewhere: 450 a night.']]
    policy_words = ['差旅制度（修订）', '', '一、五小时以内优先乘坐火车。', '二、住宿标准：北京、上海每晚 650 元，其他城市每晚 450 元。', '三、返回后十日内报销。']
    cases = [
        ('wang.lei', 'zhao.min', '差旅制度修订稿', [('差旅制度.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', docx(policy_words)),
                                              ('Travel policy.pdf', 'application/pdf', pdf(policy_pages))], 2),
        ('james.carter', 'anna.schmidt', 'Log files of the load test', [('load-test.log.gz', 'application/gzip', noise('log', 700_000))], 14),
        ('chen.yu', 'james.carter', '架构图', [('架构图.png', 'image/png', png(640, 400, (40, 90, 160)))], 13),
        ('lin.xiaomei', 'wang.lei', '年度报表', [('年度报表 2026.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', noise('xlsx', 2_400_000)),
                                             ('说明.txt', 'text/plain', '说明：所有数字以千元为单位。\n'.encode())], 12),
        ('zhao.min', 'maria.rossi', 'Office plan, large file', [('office plan.pdf', 'application/pdf', b'%PDF-1.4\n' + noise('pdf', 5_700_000))], 11),
    ]
    for owner, sender, subject, files, days in cases:
        when = m.date(days)
        data = with_files(m, address(sender), [address(owner)], subject, f'{subject}\n\n', when, files)
        m.put('append', address(sender), [address(owner)], data, owner=owner, when=when, flags='\\Flagged')
    when = m.date(9)
    data = with_files(m, address('maria.rossi'), [address('zhao.min')], 'Picture of the new sign', 'This is how it looks.', when, [], png(200, 120, (200, 60, 40)))
    m.put('append', address('maria.rossi'), [address('zhao.min')], data, owner='zhao.min', when=when)


def everyday(m):
    """Small old letters, in folders and with flags of all kinds."""
    rows = [
        ('lin.xiaomei', 'zhao.min@' + DOMAIN, '会议室预订', '三楼会议室周四下午已经为您预订。\n', 50, 'Archive', '\\Seen'),
        ('lin.xiaomei', 'bank@outside.test', 'Account statement', 'Your statement for the month is ready.\n', 45, 'Archive/2026', '\\Seen \\Flagged'),
        ('lin.xiaomei', 'audit@outside.test', '审计会安排', '安全审计会议定于下月三日举行，请准备资料。\n', 8, 'INBOX', ''),
        ('wang.lei', 'travel@outside.test', '行程确认', '您的行程已经确认：上海 - 北京，G12 次。\n', 22, 'INBOX', '\\Seen \\Answered'),
        ('wang.lei', 'lin.xiaomei@' + DOMAIN, '草稿意见', '请看一下第二段。\n', 7, 'INBOX', ''),
        ('anna.schmidt', 'ci@outside.test', '[build] nightly succeeded', 'All 1,204 tests passed.\n', 6, 'Projects/Build', '\\Seen'),
        ('anna.schmidt', 'ci@outside.test', '[build] nightly failed', '3 of 1,204 tests failed.\n', 5, 'Projects/Build', '\\Flagged'),
        ('james.carter', 'recruit@outside.test', 'Interview on Monday', 'The candidate arrives at ten.\n', 21, 'INBOX', '\\Seen'),
        ('james.carter', 'spam@outside.test', 'You have won', 'Click here to get a million.\n', 19, 'Junk', ''),
        ('chen.yu', 'library@outside.test', '图书到期提醒', '您借阅的《计算机网络》将于下周到期。\n', 17, 'INBOX', '\\Seen'),
        ('chen.yu', 'tanaka@outside.test', 'Re: 仕様書の確認', 'ありがとうございます。確認しました。\n', 15, 'Projects', '\\Seen \\Answered'),
        ('zhao.min', 'facility@outside.test', '电梯维修通知', '周六上午电梯停用。\n', 10, 'INBOX', '\\Seen'),
        ('zhao.min', 'cake@outside.test', '蛋糕订单', '您的蛋糕订单已经收到。\n', 55, 'INBOX', '\\Seen'),
        ('maria.rossi', 'hotel@outside.test', 'Conferma della prenotazione', 'La camera è confermata.\n', 30, 'INBOX', '\\Seen'),
        ('maria.rossi', 'post@outside.test', 'Parcel waiting', 'A parcel waits at the reception.\n', 4, 'INBOX', ''),
        ('maria.rossi', 'maria.rossi@' + DOMAIN, 'Draft of the invitation', 'Dear guests, ', 3, 'Drafts', '\\Draft \\Seen'),
        ('james.carter', 'old@outside.test', 'Old offer', 'No longer needed.\n', 90, 'Trash', '\\Seen'),
    ]
    for owner, sender, subject, body, days, mailbox, flags in rows:
        m.old(owner, sender, subject, body, days, mailbox, flags)


def fresh(m):
    """What arrives and is sent now, over 25 and 465."""
    now = m.now
    arrive = [
        ('sales@outside.test', ['info@' + DOMAIN], '产品咨询', '您好，我们想了解贵公司的产品。\n'),
        ('sales@outside.test', ['finance@' + DOMAIN], 'Invoice 2026-1107', 'Please find the invoice number 2026-1107. Payment within 30 days.\n'),
        ('tanaka@outside.test', [address('chen.yu')], '明日の打ち合わせ', '明日の打ち合わせは三時からです。\n'),
        ('mueller@outside.test', [address('anna.schmidt')], 'Terminvorschlag für Dienstag', 'Liebe Anna, passt Dienstag um zehn?\n'),
        ('friend@outside.test', [address('james.carter').replace('@', '+list@')], 'Digest of the list', 'Subaddressing sorts this.\n'),
        ('citizen@outside.test', ['office@' + DOMAIN], 'A question to the office', 'When are you open?\n'),
    ]
    for sender, to, subject, body in arrive:
        data, _ = m.text(sender, to, subject, body, now)
        m.put('25', sender, to, data)
    # A stranger under the name of a colleague: it comes into Junk; with a link that leads elsewhere than it says, into quarantine.
    begged = MIMEText('王磊：\n\n请今天之内付款，我在开会，不方便接电话。\n\n林晓梅\n', 'plain', 'utf-8')
    m.headers(begged, 'office@mail.outside.test', [address('wang.lei')], '紧急：今天之内付款', now)
    m.put('25', 'office@mail.outside.test', [address('wang.lei')], wire(begged))
    pretended = MIMEText('<p>王磊：</p><p>请今天之内付款，我在开会，不方便接电话。</p><p><a href="https://outside.test/pay">https://finance.demo.test/pay</a></p><p>林晓梅</p>', 'html', 'utf-8')
    m.headers(pretended, 'office@mail.outside.test', [address('wang.lei')], '紧急：请今天付款', now)
    m.put('25', 'office@mail.outside.test', [address('wang.lei')], wire(pretended))
    big = with_files(m, 'archive@outside.test', [address('lin.xiaomei')], '扫描件：合同', '合同扫描件见附件。\n', now,
                     [('合同扫描.pdf', 'application/pdf', b'%PDF-1.4\n' + noise('scan', 8 * 1024 * 1024 - 9))])
    m.put('25', 'archive@outside.test', [address('lin.xiaomei')], big, key='big')
    send = [
        ('lin.xiaomei', [address('wang.lei'), address('zhao.min')], '周五例会', '周五上午九点半例会，请准备部门数字。\n'),
        ('anna.schmidt', ['info@' + DOMAIN], 'Visitors next week', 'Four visitors come on Wednesday. Please prepare badges.\n'),
        ('zhao.min', [address(p) for p in ('lin.xiaomei', 'wang.lei', 'anna.schmidt', 'james.carter', 'chen.yu', 'maria.rossi')],
         '放假通知 Holiday notice', '公司定于下周一放假一天。\nThe office is closed next Monday.\n'),
        ('james.carter', ['partner@' + OUTSIDE], 'Interface proposal', 'Please have a look at the proposal.\n'),
    ]
    for sender, to, subject, body in send:
        data, ident = m.text(address(sender), to, subject, body, now)
        m.put('465', address(sender), to, data, key='proposal' if OUTSIDE in to[0] else '', extra={'id': ident})
    data, _ = m.text(address('wang.lei'), ['permerror@' + OUTSIDE], '催款函', '请尽快支付上月账单。\n', now)
    m.put('465', address('wang.lei'), ['permerror@' + OUTSIDE], data, key='bounce')


def reply_from_outside(m, proposal_id):
    data, _ = m.text('partner@' + OUTSIDE, [address('james.carter')], 'Re: Interface proposal', 'Thank you, we agree with all points.\n', m.now, parent=proposal_id)
    return Letter('25', 'partner@' + OUTSIDE, [address('james.carter')], data)


def make(now):
    m = Maker(now)
    for part in (threads, charsets, html, attachments, everyday, fresh):
        part(m)
    return m
