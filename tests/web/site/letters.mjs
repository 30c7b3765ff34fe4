/* The mail of one person at demo.test, the same in every run: what the screens have to show well. */
const OUTSIDE = 'v1; verdict=pass; score=3; phishing=3; junk=50; quarantine=90; reject=0; first_contact=3/never';
const PASS = domain => `mail.demo.test; spf=pass smtp.mailfrom=${domain}; dkim=pass header.d=${domain} header.s=m1; dmarc=pass header.from=${domain}`;

export const ME = { name: '林晓梅', email: 'lin.xiaomei@demo.test' };
const WANG = { name: '王磊', email: 'wang.lei@demo.test' };
const ANNA = { name: 'Anna Schmidt', email: 'anna.schmidt@demo.test' };
const CHEN = { name: '陈宇', email: 'chen.yu@demo.test' };
const ZHAO = { name: '赵敏', email: 'zhao.min@demo.test' };
const JAMES = { name: 'James Carter', email: 'james.carter@demo.test' };
const PARTNER = { name: 'Emma Laurent', email: 'emma.laurent@outside.test' };

export const MAILBOXES = [
	['inbox', '收件箱', 'inbox', 1], ['drafts', '草稿', 'drafts', 3], ['sent', '已发送', 'sent', 2], ['archive', '归档', 'archive', 5], ['junk', '垃圾邮件', 'junk', 6], ['trash', '已删除', 'trash', 7],
	['finance', '财务', null, 10], ['f2026', '2026 年度', null, 11, 'finance'], ['budget', '预算', null, 12, 'f2026'], ['travel', 'Travel', null, 13], ['projects', 'Projects', null, 14], ['aurora', 'Aurora', null, 15, 'projects'],
];

const P = text => `<p>${text}</p>`;
const pdf = (name, size) => ({ name, type: 'application/pdf', size });
const HOUR = 3600e3, DAY = 24 * HOUR;

/* ago: before "now". Threads are named by `t`. */
const LETTERS = [
	{ t: 'budget', from: WANG, to: [ME], ago: 22 * 60e3, unread: true, subject: '第四季度预算（终稿）', preview: '晓梅，预算表已按昨天会议的意见改好，差旅一项下调了 8%。请在周五前确认。',
		files: [{ name: '第四季度预算-终稿.xlsx', type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', size: 48211 }, pdf('会议纪要.pdf', 182044)], labels: ['$label1'],
		html: P('晓梅：') + P('预算表已按昨天会议的意见改好，差旅一项下调了 8%，市场费用维持不变。请在<b>周五</b>前确认，周一提交总经办。') + '<table><tr><th>科目</th><th>上季度</th><th>本季度</th></tr><tr><td>差旅</td><td>¥ 312,000</td><td>¥ 287,000</td></tr><tr><td>市场</td><td>¥ 540,000</td><td>¥ 540,000</td></tr><tr><td>设备</td><td>¥ 96,500</td><td>¥ 121,000</td></tr></table>' + P('王磊 · 财务部') },
	{ t: 'budget', from: ME, to: [WANG], ago: 26 * HOUR, mailbox: 'sent', subject: 'Re: 第四季度预算', preview: '差旅能再降一些吗？市场费用我同意维持。', html: P('差旅能再降一些吗？市场费用我同意维持。') + P('晓梅') },
	{ t: 'budget', from: WANG, to: [ME], ago: 28 * HOUR, subject: '第四季度预算', preview: '请看附件的初稿，明天会上讨论。', html: P('请看附件的初稿，明天会上讨论。'), files: [{ name: '第四季度预算-初稿.xlsx', type: 'application/vnd.ms-excel', size: 46003 }] },
	{ t: 'emma', from: PARTNER, to: [ME], ago: 70 * 60e3, unread: true, verdict: OUTSIDE, auth: PASS('outside.test'), subject: 'Contract draft for the Lyon office', preview: 'Dear Ms Lin, please find attached the draft we discussed on the phone. Clause 7 is the one that still needs your legal team.',
		html: P('Dear Ms Lin,') + P('please find attached the draft we discussed on the phone. <b>Clause 7</b> is the one that still needs your legal team. I would be grateful for an answer by the end of next week.') + P('With kind regards,<br>Emma Laurent<br><span style="color:#666">Laurent &amp; Fils, Lyon</span>'), files: [pdf('Contract-Lyon-v3.pdf', 412880)] },
	{ t: 'ceo', from: { name: '赵敏 总经理', email: 'zhao.min.ceo@quick-mail.test' }, to: [ME], ago: 2.2 * HOUR, unread: true, subject: '紧急：今天必须付款的合同', preview: '我在开会不方便接电话，请立即安排付款，账户见下。不要告诉其他人。',
		verdict: 'v1; verdict=junk; score=128; phishing=128; junk=50; quarantine=0; reject=0; dmarc_failed=45/fail domain=quick-mail.test; name_person=60/other_address person=zhao.min@demo.test; text_pressure=20/money; first_contact=3/never',
		auth: 'mail.demo.test; spf=softfail smtp.mailfrom=quick-mail.test; dkim=none; dmarc=fail (p=none) header.from=quick-mail.test',
		html: P('我在开会不方便接电话，请<b>立即</b>安排付款 ¥ 486,000，账户见下。不要告诉其他人。') + P('<a href="https://pay.quick-mail.test/x" data-shows="oa.demo.test">https://oa.demo.test/pay</a>') },
	{ t: 'aurora', from: ANNA, to: [ME, CHEN], cc: [JAMES], ago: 3.1 * HOUR, flagged: true, subject: 'Aurora: cost forecast, second round', preview: 'Hi all, the second round of numbers is in. We are within 2 % of the plan if the hardware arrives in January.', labels: ['$label2'],
		html: P('Hi all,') + P('the second round of numbers is in. We are within <b>2 %</b> of the plan if the hardware arrives in January. James, could you check the freight line?') + P('Anna') },
	{ t: 'aurora', from: JAMES, to: [ANNA], cc: [ME, CHEN], ago: 2.5 * HOUR, unread: true, subject: 'Re: Aurora: cost forecast, second round', preview: 'Freight is fine, I moved customs to Q1. Updated sheet is on the share.', html: P('Freight is fine, I moved customs to Q1. Updated sheet is on the share.') + P('James') },
	{ t: 'news', from: { name: '行业财经周刊', email: 'weekly@news.outside.test' }, to: [ME], ago: 5 * HOUR, verdict: OUTSIDE.replace('first_contact=3/never', 'bulk=0/list'), auth: PASS('news.outside.test'), list: '<https://news.outside.test/u?x=1>', images: 4, subject: '本周财经：制造业 PMI 回升，汇率趋稳', preview: '制造业 PMI 升至 50.8；三部门发布数据出境新规解读；本周值得读的三篇长文。',
		html: '<div style="max-width:600px;margin:auto"><h1 style="font-size:22px">本周财经</h1><p>制造业 PMI 升至 <b>50.8</b>，连续三个月扩张。</p><p>三部门发布数据出境新规解读，企业需在 6 个月内完成自查。</p></div>' },
	{ t: 'meeting', from: ZHAO, to: [ME, WANG, ANNA, CHEN], ago: 6 * HOUR, subject: '下周部门例会改到周三 14:00', preview: '会议室 3 楼海棠厅，请提前把材料发给我汇总。', html: P('会议室 3 楼海棠厅，请提前把材料发给我汇总。') + P('赵敏'), files: [{ name: 'meeting.ics', type: 'text/calendar', size: 1202 }], receipt: true },
	{ t: 'secure', from: { name: '法务部 Legal', email: 'legal@demo.test' }, to: [ME], ago: 27 * HOUR, subject: '保密：并购尽调清单', preview: '本邮件仅限收件人阅读，不得转发。', html: P('尽调清单见附件，请在内网环境处理。'), files: [pdf('尽调清单.pdf', 1204882), { name: 'macro.docm', type: 'application/vnd.ms-word.document.macroenabled.12', size: 90210, blocked: true }], labels: ['$label1'] },
	{ t: 'trip', from: { name: 'Rail Tickets', email: 'no-reply@rail.outside.test' }, to: [ME], ago: 30 * HOUR, verdict: OUTSIDE, auth: PASS('rail.outside.test'), subject: 'Your ticket Shanghai – Beijing, 24 November', preview: 'G12, coach 05, seat 07A. Departs 10:00 from Shanghai Hongqiao.', html: P('G12, coach 05, seat 07A. Departs <b>10:00</b> from Shanghai Hongqiao.') },
	{ t: 'oncall', from: CHEN, to: [ME], ago: 2.2 * DAY, answered: true, subject: '报销系统周六维护', preview: '周六 22:00 至周日 02:00 报销系统不可用，请提前提交。', html: P('周六 22:00 至周日 02:00 报销系统不可用，请提前提交。') },
	{ t: 'photos', from: { name: 'Maria Rossi', email: 'maria.rossi@demo.test' }, to: [ME], ago: 2.6 * DAY, subject: 'Photos of the autumn outing', preview: 'Here are the best ones. The group picture is number 4.', html: P('Here are the best ones. The group picture is number 4.'), files: [1, 2, 3, 4].map(n => ({ name: `outing-${n}.jpg`, type: 'image/jpeg', size: 2300000 + n * 1000 })) },
	{ t: 'audit', from: { name: '审计部', email: 'audit@demo.test' }, to: [ME], ago: 3.3 * DAY, subject: '年度审计资料清单', preview: '请各部门于月底前提交所列资料，清单见附件。', html: P('请各部门于月底前提交所列资料。'), files: [pdf('资料清单.pdf', 88211)], labels: ['$label4'] },
	{ t: 'lunch', from: JAMES, to: [ME], ago: 4.1 * DAY, subject: 'Lunch on Thursday?', preview: 'The new noodle place opposite the office has opened.', html: P('The new noodle place opposite the office has opened. 12:15?') },
	{ t: 'invoice', from: { name: 'Nordlicht GmbH', email: 'billing@nordlicht.outside.test' }, to: [{ name: '财务共享信箱', email: 'finance@demo.test' }], ago: 5.4 * DAY, verdict: OUTSIDE, auth: PASS('nordlicht.outside.test'), subject: 'Rechnung 2026-1187', preview: 'Sehr geehrte Damen und Herren, anbei die Rechnung für Oktober.', html: P('Sehr geehrte Damen und Herren,') + P('anbei die Rechnung für Oktober.'), files: [pdf('Rechnung-2026-1187.pdf', 71200)] },
	{ t: 'welcome', from: { name: '系统管理员 Administrator', email: 'admin@demo.test' }, to: [ME], ago: 21 * DAY, subject: '欢迎使用 Letterlock', preview: '您的邮箱已就绪。请在设置中登记通行密钥，并查看客户端设置。', html: P('您的邮箱已就绪。请在设置中登记通行密钥，并查看客户端设置。') },
	{ t: 'old', from: ANNA, to: [ME], ago: 160 * DAY, subject: 'Summer handover notes', preview: 'Everything you need while I am away, in one place.', html: P('Everything you need while I am away, in one place.') },
	{ t: 'draft1', from: ME, to: [PARTNER], ago: 40 * 60e3, mailbox: 'drafts', draft: true, subject: 'Re: Contract draft for the Lyon office', preview: 'Dear Ms Laurent, thank you for the draft.', html: P('Dear Ms Laurent, thank you for the draft.') },
	{ t: 'junk1', from: { name: 'WIN BIG', email: 'prize@lottery.test' }, to: [ME], ago: 9 * HOUR, mailbox: 'junk', unread: true, verdict: 'v1; verdict=junk; score=72; phishing=5; junk=50; quarantine=90; reject=0; bayes=60/learnt_junk; header_odd=12/date', auth: 'mail.demo.test; spf=fail smtp.mailfrom=lottery.test; dkim=none; dmarc=none', subject: 'You have won 1,000,000 !!!', preview: 'Claim now, only today, click the link below.', html: P('Claim now.') },
	{ t: 'trash1', from: JAMES, to: [ME], ago: 3 * DAY, mailbox: 'trash', subject: 'Old parking plan', preview: 'Superseded by the plan of Monday.', html: P('Superseded.') },
	{ t: 'arch1', from: WANG, to: [ME], ago: 40 * DAY, mailbox: 'archive', subject: '第三季度结算', preview: '第三季度结算已归档。', html: P('第三季度结算已归档。') },
	{ t: 'fin1', from: WANG, to: [ME], ago: 33 * DAY, mailbox: 'budget', unread: true, subject: '2026 预算模板', preview: '新模板，请统一使用。', html: P('新模板，请统一使用。') },
];

function address(a) {
	return a && { name: a.name, email: a.email };
}

/* many: as many more letters in the folder Travel. */
export function makeLetters(now, many = 0) {
	const made = LETTERS.map((l, i) => letter({ ...l, id: `e${i + 1}` }, now));
	for (let i = 0; i < many; i++) {
		made.push(letter({ id: `m${i}`, t: `m${i}`, mailbox: 'travel', from: i % 3 ? JAMES : PARTNER, to: [ME], ago: i * 37 * 60e3 + 60e3, subject: `Itinerary ${i + 1}`, preview: `Leg ${i % 9} of the journey`, html: P(`Leg ${i % 9}`) }, now));
	}
	return made;
}

function letter(l, now) {
	const at = new Date(now - l.ago).toISOString().replace(/\.\d+Z$/, 'Z');
	const keywords = { ...(l.unread ? {} : { $seen: true }), ...(l.flagged && { $flagged: true }), ...(l.answered && { $answered: true }), ...(l.draft && { $draft: true }), ...Object.fromEntries((l.labels ?? []).map(k => [k, true])) };
	return {
		id: l.id, blobId: `b-${l.id}`, threadId: `t-${l.t}`, mailboxIds: { [l.mailbox ?? 'inbox']: true }, keywords, size: 4000 + l.html.length + (l.files ?? []).reduce((s, f) => s + f.size, 0), receivedAt: at, sentAt: at,
		messageId: [`${l.id}@demo.test`], inReplyTo: null, references: null, sender: null, from: [address(l.from)], to: l.to.map(address), cc: l.cc?.map(address) ?? null, bcc: null, replyTo: null, subject: l.subject,
		hasAttachment: !!l.files, preview: l.preview, html: l.html, images: l.images ?? 0,
		attachments: (l.files ?? []).map((f, i) => ({ partId: `${i + 2}`, blobId: `b-${l.id}-${i}`, size: f.size, name: f.name, type: f.type, charset: null, disposition: 'attachment', cid: null, blocked: f.blocked })),
		headers: { 'X-Letterlock-Verdict': l.verdict ?? null, 'Authentication-Results': l.auth ?? null, 'List-Unsubscribe': l.list ?? null, 'Disposition-Notification-To': l.receipt ? l.from.email : null, 'X-Letterlock-Malware': l.files?.some(f => f.blocked) ? 'v1; finding=macro; action=strip; by=inspect; name="macro.docm"' : null },
	};
}
