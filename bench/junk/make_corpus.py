#!/usr/bin/python3
"""Makes a labelled corpus of letters in Chinese, Japanese and English: make_corpus.py DIR [--count N] [--seed N].

DIR gets NNNNN.eml, index.tsv (one line per letter: what is true of it and what the edge would know) and directory.tsv (the organisation).
The same seed gives the same bytes. Training and test letters come from different texts, different senders and different links (texts.py), and
most traits of the way (SPF, DKIM, age of the domain, ...) overlap between the classes, because good senders are careless and bad ones are not.
"""
import argparse
import base64
import os
import quopri
import random
import sys
from email.header import Header

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from texts import CLOSING, GREETING, TEXTS

NOW = 1795000000
DAY = 86400
OWN = 'huaxing.example'
PEOPLE = {
    'zh': [('张伟', 'zhang.wei'), ('李娜', 'li.na'), ('王小明', 'wang.xiaoming'), ('欧阳静', 'ouyang.jing'), ('吕芳', 'lv.fang')],
    'en': [('Alice Johnson', 'alice.johnson'), ('Robert Miller', 'robert.miller'), ('Susan Clarke', 'susan.clarke')],
    'ja': [('佐藤 健', 'sato.ken'), ('高橋 由美', 'takahashi.yumi')],
}
PINYIN = {'张伟': 'Zhang Wei', '李娜': 'Li Na', '王小明': 'Wang Xiaoming', '欧阳静': 'Ouyang Jing', '吕芳': 'Lv Fang'}
WORDS = {
    'en': {'person': ['Mr Brown', 'Anna', 'Ms Lee', 'Peter', 'Dr Novak'], 'sender': ['John Baker', 'Maria Rossi', 'Tom Fischer', 'Emily Stone', 'Paul Martin'],
           'company': ['Northwind Tools', 'Harbour Logistics', 'Brightline', 'Oakfield Ltd'], 'product': ['valves', 'sensors', 'cable harnesses', 'filters'],
           'day': ['Monday', 'Tuesday', '12 November', 'Friday'], 'month': ['October', 'November'], 'city': ['London', 'Leeds']},
    'zh': {'person': ['陈经理', '刘工', '赵老师', '周小姐', '孙总'], 'sender': ['陈建国', '刘洋', '黄丽', '赵敏', '林志强'],
           'company': ['北辰机械', '海港物流', '明线科技', '橡田实业'], 'product': ['阀门', '传感器', '线束', '过滤器'],
           'day': ['周一', '周二', '11月12日', '周五'], 'month': ['10月', '11月'], 'city': ['北京', '上海', '深圳']},
    'ja': {'person': ['田中', '鈴木', '山本', '伊藤'], 'sender': ['田中一郎', '鈴木花子', '山本太郎', '中村誠'],
           'company': ['北風工業', '港物流', '明線テクノ', '樫野商事'], 'product': ['バルブ', 'センサー', 'ハーネス', 'フィルター'],
           'day': ['月曜日', '火曜日', '11月12日', '金曜日'], 'month': ['10月', '11月'], 'city': ['東京', '大阪']},
}
PARTNERS = {
    'train': {'en': ['northwind-tools.example', 'harbour.test', 'brightline.example'], 'zh': ['beichen.example', 'haigang.test', 'mingxian.test'],
              'ja': ['kitakaze.example', 'minato.test', 'meisen.example']},
    'test': {'en': ['oakfield.example', 'riverbank.test', 'stonebridge.test'], 'zh': ['xiangtian.example', 'donghu.test', 'xishan.example'],
             'ja': ['kashino.example', 'aoba.test', 'yamabuki.test']},
}
FREE = ['gmail.com', 'qq.com', '163.com', 'outlook.com', 'yahoo.co.jp', 'hotmail.com']
ENDINGS = ['example', 'test']
JUNK_NAMES = {'en': ['Sales', 'Marketing', 'Support Team', 'Jenny', 'Offer'], 'zh': ['业务部', '王经理', '客服', '财税顾问', '培训中心'], 'ja': ['事務局', '営業部', 'サポート', '運営']}
SERVICE_NAMES = {'en': ['IT Service Desk', 'Mail Administrator', 'Courier Service', 'Secure Share'], 'zh': ['系统管理员', '信息技术部', '财务部', '企业云盘'],
                 'ja': ['システム管理者', '情報システム部', 'カードセンター', 'お客様サポート']}
LINK_TEXT = {'en': ['Open', 'More', 'Details', 'Sign in', 'Click here'], 'zh': ['查看', '详情', '点击这里', '登录'], 'ja': ['こちら', '詳細', 'ログイン', '確認する']}


class Letter:
    """What is decided for one letter before it is written."""

    def __init__(self, rng, number, half, lang, kind, genre):
        self.rng, self.number, self.half, self.lang, self.kind, self.genre = rng, number, half, lang, kind, genre
        self.text = TEXTS[lang][kind][genre][0 if half == 'train' else 1]
        self.fields, self.links = [], []
        self.reply_to = None

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def pick(self, items):
        return self.rng.choice(items)


def fill(l, text):
    w = WORDS[l.lang]
    values = {name: l.pick(w[name]) for name in w}
    values.update(number=l.rng.randint(11, 98765), amount=l.rng.randint(2, 900) * 10, address=f'staff@{OWN}',
                  phone=f'1{l.rng.randint(30, 99)}{l.rng.randint(10000000, 99999999)}',
                  money={'en': f'{l.rng.randint(1, 90)},{l.rng.randint(100, 999)} EUR', 'zh': f'{l.rng.randint(1, 90)}万元', 'ja': f'{l.rng.randint(1, 90)}万円'}[l.lang])
    return text.format(**values)


def random_domain(l):
    stem = ''.join(l.rng.choice('bcdfghklmnprstvz') + l.rng.choice('aeiou') for _ in range(l.rng.randint(2, 4)))
    return f'{"a" if l.half == "train" else "e"}{stem}{l.rng.randint(1, 99) if l.chance(40) else ""}.{l.pick(ENDINGS)}'


def lookalike(l):
    return l.pick([f'huaxing-{l.pick(["mail", "hr", "login", "group", "portal"])}.test', 'huaxlng.example', 'huaxin.example', 'hauxing.example', 'huaxing.test',
                   f'huaxing.example.{random_domain(l)}', 'xn--huxing-4nf.example'])


def ham_sender(l):
    l.name, l.domain = l.pick(WORDS[l.lang]['sender']), l.pick(PARTNERS[l.half][l.lang])
    if l.chance(15):
        l.domain = random_domain(l)      # a stranger with honest business
    elif l.chance(12):
        l.domain = l.pick(FREE)          # a small firm
    l.spf, l.dkim, l.dmarc = ('pass', 'pass', 'pass') if l.chance(80) else l.rng.choice([('none', 'none', 'none'), ('softfail', 'none', 'none'),
                                                                                       ('fail', 'pass', 'pass'), ('fail', 'fail', 'fail')])
    known = l.chance(70)
    l.letters_in, l.letters_out = (l.rng.randint(1, 60), l.rng.randint(0, 30)) if known else (0, 0)
    l.age_days = l.rng.randint(30, 900) if known or l.chance(50) else l.rng.randint(0, 10)
    l.ptr = l.chance(92)
    if l.genre in ('newsletter', 'password'):
        l.letters_out = 0
        l.name = l.pick(WORDS[l.lang]['company'])
    if l.genre == 'newsletter':
        l.fields += [f'List-Id: <news.{l.domain}>', f'List-Unsubscribe: <https://{l.domain}/leave>'] if l.chance(85) else []
        tracker = f'click.mailer{l.rng.randint(1, 9)}.example' if l.chance(50) else l.domain
        l.links += [(f'https://{tracker}/c/{l.number}', l.pick([f'www.{l.domain}', l.pick(LINK_TEXT[l.lang])]))]
    elif l.chance(40):
        l.links += [(f'https://www.{l.domain}/', l.pick([f'www.{l.domain}', l.pick(LINK_TEXT[l.lang])]))]


def junk_sender(l):
    l.name, l.domain = l.pick(JUNK_NAMES[l.lang]), random_domain(l)
    if l.chance(30):
        l.domain = l.pick(FREE)
    l.spf, l.dkim, l.dmarc = ('pass', 'pass', 'pass') if l.chance(50) else l.rng.choice([('none', 'none', 'none'), ('softfail', 'none', 'none'),
                                                                                       ('fail', 'none', 'fail'), ('pass', 'none', 'none')])
    l.letters_in = l.rng.randint(1, 4) if l.chance(15) else 0
    l.letters_out = 0
    l.age_days = l.rng.randint(0, 20) if l.chance(60) else l.rng.randint(20, 400)
    l.ptr = l.chance(65)
    if l.chance(20):
        l.fields += [f'List-Unsubscribe: <https://{l.domain}/out>']
    if l.chance(60):
        l.links += [(f'http://{random_domain(l)}/{l.number}', l.pick(LINK_TEXT[l.lang]))]
    if l.chance(8):
        l.links += [(l.pick(['https://bit.ly/', 'https://t.cn/']) + str(l.number), l.pick(LINK_TEXT[l.lang]))]


def executive(l):
    person, local = l.pick([p for group in PEOPLE.values() for p in group])
    l.name = l.pick([person, person, PINYIN.get(person, person), person + ' CEO', f'{person} <{local}@{OWN}>'])
    l.domain = l.pick(FREE) if l.chance(60) else random_domain(l)
    if l.chance(30):
        l.reply_to = f'ceo{l.number}@{l.pick(FREE)}'


def phish_link(l, domain):
    shown = l.pick([f'https://mail.{OWN}/', f'www.bank.example', l.pick(LINK_TEXT[l.lang]), l.pick(LINK_TEXT[l.lang])])
    target = l.pick([f'https://{domain}/login', f'http://{random_domain(l)}/{OWN}', f'http://mail.{OWN}@{random_domain(l)}/', f'http://203.0.113.{l.rng.randint(2, 250)}/x',
                     f'https://{OWN}.{random_domain(l)}/', f'http://{random_domain(l)}/v?u=1', f'https://bit.ly/{l.number}'])
    l.links += [(target, shown)]


def phish_sender(l):
    l.name = l.pick(SERVICE_NAMES[l.lang])
    l.domain = lookalike(l) if l.chance(30) else OWN if l.chance(15) else random_domain(l)
    if l.genre == 'executive':
        executive(l)
    elif l.genre == 'bank':
        l.name, l.domain = l.pick(WORDS[l.lang]['sender']), l.pick(PARTNERS[l.half][l.lang]).split('.')[0] + l.pick(['.net', '-group.example', 's.test'])
        if l.chance(40):
            l.reply_to = f'account{l.number}@{l.pick(FREE)}'
    else:
        phish_link(l, l.domain if l.domain != OWN else random_domain(l))
    passes = l.domain != OWN and l.chance(45)
    l.spf, l.dkim, l.dmarc = ('pass', 'pass', 'pass') if passes else l.rng.choice([('none', 'none', 'none'), ('softfail', 'none', 'fail'), ('fail', 'none', 'fail')])
    l.letters_in = l.letters_out = 0
    l.age_days = l.rng.randint(0, 8) if l.chance(75) else l.rng.randint(8, 300)
    l.ptr = l.chance(75)


SENDERS = {'ham': ham_sender, 'junk': junk_sender, 'phish': phish_sender}


def disguise(l, text):
    """Tricks against filters, in some of the bad letters."""
    if l.kind == 'ham' or not l.chance(12):
        return text
    if l.lang == 'en':
        return l.pick([lambda t: t.replace('a', 'а', 6), lambda t: t.replace('e', 'e\u200b', 8), lambda t: t.replace('o', '0', 4)])(text)
    return l.pick([lambda t: '\u200b'.join(t[:30]) + t[30:], lambda t: ' '.join(t[:20]) + t[20:], lambda t: t.translate({c: c + 0xfee0 for c in range(0x30, 0x3a)})])(text)


def body_of(l):
    subject, *sentences = l.text.split('|')
    kept = [s for s in sentences if l.chance(80)] or sentences[:2]
    parts = ([l.pick(GREETING[l.lang])] if l.chance(75) else []) + kept + ([l.pick(CLOSING[l.lang])] if l.chance(70) else [])
    reply = l.kind == 'ham' and l.chance(30)
    return ('Re: ' if reply else '') + fill(l, subject), disguise(l, fill(l, '\n'.join(parts).replace('{}', '')))


def html_of(l, text):
    anchors = ''.join(f'<p><a href="{target}">{shown}</a></p>' for target, shown in l.links)
    lines = text.replace('&', '&amp;').replace('<', '&lt;').split('\n')
    return '<html><body>' + ''.join(f'<p>{line}</p>' for line in lines) + anchors + '</body></html>'


def encode_part(l, subtype, text):
    charset = {'en': ['utf-8'], 'zh': ['utf-8', 'gb18030'], 'ja': ['utf-8', 'iso-2022-jp']}[l.lang]
    charset = l.pick(charset)
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        charset, data = 'utf-8', text.encode('utf-8')
    quoted = l.lang == 'en' or l.chance(20)
    coded = quopri.encodestring(data) if quoted else base64.encodebytes(data)
    head = f'Content-Type: text/{subtype}; charset={charset}\nContent-Transfer-Encoding: {"quoted-printable" if quoted else "base64"}\n\n'
    return head.encode() + coded


def content_of(l, text):
    if not (l.links or l.chance(30)):
        return encode_part(l, 'plain', text)
    html = encode_part(l, 'html', html_of(l, text))
    if l.chance(50):
        return html
    plain = encode_part(l, 'plain', text + ''.join(f'\n{target}' for target, _ in l.links))
    boundary = f'b{l.number}'
    return (f'Content-Type: multipart/alternative; boundary={boundary}\n\n--{boundary}\n'.encode() + plain + f'\n--{boundary}\n'.encode() + html
            + f'\n--{boundary}--\n'.encode())


def write_letter(l, folder):
    from email.utils import formatdate
    SENDERS[l.kind](l)
    subject, text = body_of(l)
    local = l.pick(['info', 'office', 'sales', 'service', 'a.b', 'contact']) + (str(l.rng.randint(1, 999)) if l.kind != 'ham' or l.domain in FREE else '')
    sender = f'{local}@{l.domain}'
    name = Header(l.name, 'utf-8').encode() if not l.name.isascii() else f'"{l.name}"'
    l.fields += [f'From: {name} <{sender}>', f'To: staff@{OWN}', f'Subject: {Header(subject, "utf-8", maxlinelen=70).encode()}',
                 f'Date: {formatdate(NOW - l.rng.randint(0, 20 * DAY))}', 'MIME-Version: 1.0']
    if l.kind == 'ham' or l.chance(85):
        l.fields.append(f'Message-ID: <{l.number}.{l.rng.randint(1, 10**9)}@{l.domain}>')
    if l.reply_to:
        l.fields.append(f'Reply-To: {l.reply_to}')
    with open(f'{folder}/{l.number:05}.eml', 'wb') as f:
        f.write(('\n'.join(l.fields) + '\n').encode() + content_of(l, text))
    ip = f'{"198.51.100" if l.half == "train" else "203.0.113"}.{l.rng.randint(1, 254)}'
    helo = f'mx.{l.domain}' if l.ptr or l.chance(50) else f'host{l.number}'
    return [f'{l.number:05}.eml', l.half, l.lang, l.kind, l.genre, ip, helo if l.ptr else '-', helo, sender, l.spf, l.dkim, l.dmarc, l.letters_in, l.letters_out, l.age_days]


def main():
    a = argparse.ArgumentParser()
    a.add_argument('folder')
    a.add_argument('--count', type=int, default=6000)
    a.add_argument('--seed', type=int, default=1)
    args = a.parse_args()
    rng = random.Random(args.seed)
    os.makedirs(args.folder, exist_ok=True)
    shares = ['ham'] * 55 + ['junk'] * 30 + ['phish'] * 15
    with open(f'{args.folder}/index.tsv', 'w', encoding='utf-8') as index:
        for number in range(args.count):
            lang, kind = rng.choice(list(TEXTS)), rng.choice(shares)
            half = 'train' if number % 2 == 0 else 'test'
            l = Letter(rng, number, half, lang, kind, rng.choice(list(TEXTS[lang][kind])))
            print(*write_letter(l, args.folder), sep='\t', file=index)
    with open(f'{args.folder}/directory.tsv', 'w', encoding='utf-8') as f:
        print('own', OWN, '-', sep='\t', file=f)
        for half in PARTNERS.values():
            for group in half.values():
                for domain in group:
                    print('partner', domain, '-', sep='\t', file=f)
        for group in PEOPLE.values():
            for name, local in group:
                print('person', name, f'{local}@{OWN}', sep='\t', file=f)


main()
