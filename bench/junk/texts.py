"""Texts of the corpus. TEXTS[language][class][genre] = (training half, test half); sentences are parted by "|", {slots} are filled by make_corpus.py.

The two halves of a genre say the same thing in other words, so that what is learnt on one is tested on wording that was never seen.
"""

GREETING = {
    'en': ['Dear {person},', 'Hello {person},', 'Hi,', 'Dear all,', 'Good morning,'],
    'zh': ['{person},您好:', '您好!', '各位同事:', '尊敬的{person}:', '{person},你好'],
    'ja': ['{person}様', 'お世話になっております。', 'ご担当者様', 'いつもお世話になっております、{company}の{person}です。'],
}
CLOSING = {
    'en': ['Best regards,\n{sender}', 'Thanks,\n{sender}\n{company}', 'Kind regards,\n{sender}\nTel. {phone}', 'Many thanks'],
    'zh': ['此致\n敬礼\n{sender}', '谢谢!\n{sender}\n{company}', '祝商祺\n{sender} 电话 {phone}', '顺颂时祺'],
    'ja': ['よろしくお願いいたします。\n{sender}', '以上、よろしくお願い申し上げます。\n{company} {sender}', '{sender} TEL {phone}'],
}

TEXTS = {
    'en': {
        'ham': {
            'order': ('Purchase order {number}|Please find attached our purchase order {number} for {amount} pieces of {product}.|We need delivery to our '
                      'warehouse by {day}.|The price is as agreed in your quotation.|Please confirm the order and the delivery date.',
                      'Quotation for {product}|Thank you for your enquiry about {product}.|For a quantity of {amount} we can offer the conditions in the enclosed sheet.'
                      '|Lead time is about four weeks from our factory.|Let me know whether your engineers need samples first.'),
            'meeting': ('Minutes of the project meeting|Attached are the minutes of our call on {day}.|Open points are the interface document and the test plan.'
                        '|{person} will check the schedule with the supplier.|The next meeting takes place in room {number}.',
                        'Agenda for {day}|Could we move our weekly call to {day} afternoon?|I would like to go through the risk list and the budget before the steering committee.'
                        '|The slides are on the shared drive.|Tell me if another slot suits you better.'),
            'invoice': ('Invoice {number}|Our invoice {number} for the services in the last month is attached as PDF.|The amount is {money} and is payable within 30 days to the account you '
                        'know.|If anything is unclear please call our accounting.|Thank you for the good cooperation.',
                        'Reminder of open item {number}|According to our books item {number} over {money} is still open.|Perhaps it crossed with your payment.'
                        '|A copy of the statement is enclosed.|Your contact in receivables is {person}.'),
            'support': ('Ticket {number}: printer on floor two|We have looked at your ticket {number}.|The driver was replaced and the test page came out well.'
                        '|Please try again and tell us whether the error appears once more.|The ticket stays open until you confirm.',
                        'Re: VPN drops after lunch|Thanks for the log files.|The gateway was restarted on {day} and the sessions were cut off by that.'
                        '|We raised the timeout, so it should not happen again.|Could you watch it for a week and report back?'),
            'contract': ('Draft of the framework contract|The draft of the framework contract is attached, with our changes in clause {number}.|Our lawyer asks for a shorter notice period.'
                         '|Liability stays limited to the order value.|Please return the signed copy by {day}.',
                         'Comments on the NDA|Legal has gone through the confidentiality agreement.|Two remarks are marked in the margin of page {number}.'
                         '|Apart from them we can sign as it stands.|Shall we exchange originals by courier?'),
            'password': ('Your password was changed|You changed the password of your account on {day}.|If that was you, nothing needs to be done.'
                         '|If not, please contact the help desk at extension {number}.|This notice is sent for your security.',
                         'New sign-in to your workspace|We noticed a sign-in to your workspace from a new browser on {day}.|You can see all sessions in your settings.'
                         '|No action is necessary when you recognise it.|The administrators of your organisation see this message too.'),
            'newsletter': ('{company} news in {month}|This month we present the new {product} and two customer stories.|Our engineers explain in the blog how they measure quality.'
                           '|Visit us at the fair in hall {number}.|You receive this letter because you subscribed; unsubscribe with one click.',
                           'What is new: release {number}|Release {number} brings faster search and a calmer interface.|Read the notes on our site and join the webinar on {day}.'
                           '|Early birds get a discount of ten percent on training.|To stop these mails follow the link at the end.'),
        },
        'junk': {
            'seo': ('First page of search results guaranteed|We looked at your website and found many errors that cost you visitors.|Our SEO team can put you on the first page within weeks.'
                    '|Packages begin at {money} a month, no contract.|Reply with your phone number for a free audit!',
                    'Quick question about your site|I was browsing your homepage and noticed it does not rank for your keywords.|We build quality backlinks and guest posts at unbeatable rates.'
                    '|Thousands of happy clients.|Shall I send over our price list?'),
            'pills': ('Cheap meds without prescription|Order genuine pills online at up to {number}% off!|No prescription required, discreet worldwide shipping.'
                      '|Satisfaction guaranteed or your money back.|Buy now and get bonus tablets free',
                      'Lose {number} kg in two weeks|Doctors are amazed by this one weird supplement.|Burn fat while you sleep, no diet and no exercise!'
                      '|Claim your free trial bottle today.|Limited stock, act now'),
            'casino': ('Your welcome bonus is waiting|Claim {money} bonus and {number} free spins at our casino!|Huge jackpots every hour, instant withdrawal.'
                       '|Register now and play slots with live dealers.|Offer ends tonight',
                       'You have been selected|Congratulations lucky winner, a prize of {money} was drawn for your address!|Bet on sports with the best odds on the net.'
                       '|Double your first deposit.|Click to collect before it expires'),
            'loan': ('Business loan approved in 24 hours|Do you need cash? We offer unsecured loans up to {money} at 2% interest.|No credit check, no collateral.'
                     '|Fill in the short form and receive money tomorrow.|Contact our agent today',
                     'Investment opportunity|I represent an investor with funds ready for your project.|Triple your capital with our crypto trading robot, returns of {number}% weekly.'
                     '|Risk free for the first month.|Write back to my private address for details'),
            'list': ('B2B contact database {month}|We sell verified email lists of decision makers in your industry.|{number} thousand contacts with phone and title.'
                     '|All countries available, excel format.|Special discount if you buy this week!',
                     'Attendees list of the trade fair|Are you interested in acquiring the attendees list of the upcoming expo?|It includes names, titles, emails, direct numbers.'
                     '|We also do mass mailing campaigns for you.|Let me know your target geography for counts and pricing'),
            'factory': ('Best price LED lights from manufacturer|We are professional manufacturer of LED lights and {product} in Shenzhen.|Factory price, MOQ {number}, OEM welcome!!!'
                        '|Certificate CE ROHS.|Waiting for your kind inquiry my friend',
                        'Cooperation from supplier of packaging|Glad to know your esteemed company from internet.|We export plastic bags and cartons for {number} years with cheapest cost.'
                        '|Free samples can be sent.|Add my whatsapp {phone} for catalogue'),
        },
        'phish': {
            'mailbox': ('Mailbox storage full|Your mailbox has exceeded its quota and incoming messages are on hold.|Verify your account within 24 hours to avoid loss of mail.'
                        '|Use the link below and sign in with your password.|IT service desk',
                        'Action required: password expires today|The password of {address} expires today.|You can keep the same password by confirming it on the page below.'
                        '|Accounts that are not confirmed will be suspended.|This is an automated message of the mail administrator'),
            'executive': ('Request|Are you at your desk?|I am in a meeting and cannot take calls, but I need you to process a payment right away.'
                          '|Keep this between us until the deal is announced.|Tell me when you can do it and I send the bank data',
                          'Quick favour|I need gift cards for some clients before the end of today.|Can you buy them and send me photos of the codes?'
                          '|You will be reimbursed tomorrow.|I can\'t talk right now, just mail me'),
            'bank': ('Updated bank details|Please note that our bank details have changed because of an audit.|Kindly send all outstanding payment to the new account in the attachment.'
                     '|The old account can no longer be used.|Confirm by mail when the wire transfer is done urgently',
                     'Invoice {number} overdue, new bank account|Our records show invoice {number} over {money} unpaid.|As our bank is under maintenance you must pay into our new bank account.'
                     '|Do it as soon as possible to avoid legal action.|Swift copy is required immediately'),
            'parcel': ('Your parcel could not be delivered|Our courier tried to deliver parcel {number} but customs fees are open.|Pay {money} on the page below to release it.'
                       '|After 48 hours it is returned to the sender.|Track your shipment here',
                       'Shipment on hold|An item addressed to you is held at the depot, reference {number}.|Confirm your address and card to schedule a new delivery.'
                       '|A small handling charge applies.|Final notice'),
            'document': ('{sender} shared a document with you|A confidential document was shared with you through secure share.|Open it with your email login to read and sign.'
                         '|The link works for 24 hours only.|View document',
                         'Signature requested: agreement {number}|You have one envelope waiting for your signature.|Sign in with your work account to review the pages.'
                         '|It will be deleted if you do not respond immediately.|Review and sign'),
        },
    },
    'zh': {
        'ham': {
            'order': ('采购订单{number}|附件为我司采购订单{number},共{amount}件{product}。|请于{day}前送至我司仓库。|价格按贵司报价执行。|请确认订单及交期。',
                      '关于{product}的报价|感谢贵司对{product}的询价。|数量{amount}件的价格条件见附表。|工厂交货周期约四周。|如工程部门需要样品,请告知。'),
            'meeting': ('项目会议纪要|附上{day}会议的纪要。|未决事项为接口文档和测试计划。|由{person}与供应商核对进度。|下次会议在{number}会议室举行。',
                        '{day}例会议程|例会可否改到{day}下午?|希望在评审前过一遍风险清单和预算。|幻灯片已放在共享盘。|时间不合适请说一声。'),
            'invoice': ('{month}服务费发票|上月服务费的增值税专用发票已寄出,单号{number}。|金额{money},请按合同约定三十天内支付到原账户。|有疑问请联系我司财务。|感谢一直以来的合作。',
                        '对账单{number}|请查收本季度往来对账单。|其中{money}一笔尚未核销,可能与贵司付款时间交叉。|请盖章后回传扫描件。|应收对接人为{person}。'),
            'support': ('工单{number}:二楼打印机|您提交的工单{number}已处理。|更换驱动后测试页打印正常。|请再试一次,看错误是否还出现。|确认之前工单保持打开。',
                        '回复:VPN午后掉线|日志已收到。|{day}网关重启导致会话中断。|超时时间已调长,应不会再发生。|麻烦观察一周后反馈。'),
            'contract': ('框架合同草案|框架合同草案见附件,第{number}条有我方修改。|法务希望缩短通知期。|责任仍以订单金额为限。|请于{day}前寄回签字件。',
                         '保密协议意见|法务已看完保密协议。|第{number}页旁边标了两处意见。|其余可照原文签署。|正本用快递交换可以吗?'),
            'password': ('您的密码已修改|您的账号密码于{day}修改成功。|如为本人操作,无需处理。|如非本人,请拨打分机{number}联系服务台。|本通知用于账号安全。',
                         '新设备登录提醒|您的工作台于{day}在新的浏览器登录。|可在设置中查看全部会话。|如您认识该设备,可忽略本邮件。|管理员也会看到此提醒。'),
            'newsletter': ('{company}{month}通讯|本月介绍新款{product}和两个客户案例。|工程师在博客讲解质量检测方法。|欢迎到{number}号馆参观展台。|您订阅了本通讯,可一键退订。',
                           '版本{number}更新说明|版本{number}加快了搜索,界面更清爽。|更新日志见官网,{day}有线上讲解。|培训早鸟价九折。|不想再收到请点文末退订。'),
        },
        'junk': {
            'fapiao': ('代开各类发票|本公司长期代开增值税发票、普票,点数优惠。|可先验票后付款,全国通用。|量大从优,保密可靠。|联系电话{phone}王经理加微信',
                       '财务好帮手|贵司如缺进项成本票可与我们合作。|餐饮住宿咨询建材票据一应俱全,税点低。|网上可查,假一罚十。|详情加QQ {phone}'),
            'training': ('{month}高级研修班报名|名师授课,采购谈判与成本控制两天课程!|{city}开课,每人{money},三人以上打折。|报名热线{phone}。|机会难得,欲报从速',
                         '企业内训公开课通知|非财务经理的财务管理培训火热招生。|含讲义午餐茶点,颁发证书。|团购立减{number}元。|索取课程大纲请回复邮件'),
            'loan': ('无抵押贷款当天放款|企业个人均可,额度最高{money}。|不看征信,手续简单,利息低。|凭身份证即可办理。|资金周转找我 {phone}',
                     '稳赚项目诚邀加盟|内部股票消息,老师带单日收益{number}%。|虚拟币搬砖套利零风险。|免费进群领取牛股。|名额有限扫码加入'),
            'casino': ('注册送{number}元彩金|澳门娱乐城上线,真人荷官百家乐!|首存翻倍,秒速提款。|注册即送免费体验金。|点击进入官网',
                       '恭喜您中奖|您的邮箱被抽中二等奖,奖金{money}。|体育彩票赔率全网最高。|充值返利天天有。|马上领取红包'),
            'list': ('企业名录大全出售|最新全国企业老板手机名录,{number}万条。|按行业地区筛选,excel格式。|另有邮件群发软件,百万发送。|优惠价{money}',
                     '外贸客户邮箱资源|海关数据买家邮箱库低价转让。|精准采购商联系人,可试用。|代发广告邮件到达率高。|需要请加微信{phone}'),
            'factory': ('厂家直销LED灯具|我厂专业生产{product},价格全网最低!|支持贴牌,免费拿样。|工厂直供无中间商。|订购热线{phone}',
                        '包装材料特价|专营纸箱气泡袋胶带,货到付款。|新客户立减,量大包邮。|诚招各地代理。|手机微信同号{phone}'),
        },
        'phish': {
            'mailbox': ('邮箱容量已满|您的邮箱容量已超限,部分邮件被拦截。|请立即点击下方链接验证您的账号密码,否则将被停用。|24小时内未处理将丢失邮件。|系统管理员',
                        '邮箱升级通知|为提升安全,全员邮箱系统将升级迁移。|请员工尽快登录以下页面完成身份认证,填写邮箱与密码。|逾期账号将被冻结。|信息技术部'),
            'executive': ('急事|在吗?我在开会,不方便接电话。|有一笔款项需要你马上转账,事后补手续。|暂时保密,不要告诉其他人。|办好回复我,我发你收款账户',
                          '帮个忙|今天下班前帮我买几张购物卡送客户。|卡号密码拍照发到这个邮箱。|钱我明天转给你。|现在不方便说话,邮件联系'),
            'bank': ('收款账户变更通知|因银行审计,我司收款账户已变更。|请将未付货款汇款至附件中的新账户。|原账户停用。|付款后请尽快回传水单,紧急',
                     '发票{number}逾期未付|贵司发票{number}金额{money}仍未支付。|因开户行系统维护,请打款到新的账户。|为免影响发货请立即办理。|请回复付款凭证'),
            'subsidy': ('{month}个人劳动补贴申领|根据通知,{month}补贴开始发放,请员工及时办理。|扫描二维码填写银行卡号和验证信息。|逾期未领视为放弃。|财务部 人力资源部',
                        '个税退税办理提醒|您有一笔退税{money}待领取。|请打开链接核对身份证与银行卡,尽快完成实名认证。|今日截止。|税务服务中心'),
            'document': ('{sender}向您分享了文件|您收到一份机密文件,请用邮箱登录查看。|链接24小时内有效。|点击查看合同.pdf。|企业云盘',
                         '电子签约提醒|您有一份协议{number}待签署。|请使用工作邮箱和密码登录签署平台。|不处理将被停用权限,请立即办理。|查看并签署'),
        },
    },
    'ja': {
        'ham': {
            'order': ('注文書{number}の送付|{product}{amount}個の注文書を添付いたします。|{day}までに弊社倉庫へ納品をお願いします。|価格は先日の見積書の通りです。|受注確認と納期のご連絡をお願いいたします。',
                      '{product}お見積りの件|{product}についてお問い合わせいただきありがとうございます。|{amount}個の条件は別紙をご覧ください。|納期は工場出荷で約四週間です。|評価用サンプルが必要でしたらお知らせください。'),
            'meeting': ('プロジェクト会議の議事録|{day}の会議の議事録を添付します。|残件は接続仕様書と試験計画です。|日程は{person}が業者と確認します。|次回は第{number}会議室で行います。',
                        '{day}定例の議題|今週の定例を{day}午後に変更できますでしょうか。|審査会の前に課題一覧と予算を確認したいと思います。|資料は共有フォルダに置きました。|ご都合が悪ければお知らせください。'),
            'invoice': ('請求書{number}|先月分の業務の請求書をPDFで添付いたします。|金額は{money}、お支払いは従来の口座へ三十日以内にお願いします。|ご不明な点は経理までご連絡ください。|今後ともよろしくお願いいたします。',
                        '残高確認のお願い|当社帳簿では{number}番、{money}が未入金となっております。|行き違いの場合はご容赦ください。|明細書の写しを同封いたします。|担当は{person}です。'),
            'support': ('問い合わせ{number}:二階のプリンター|お問い合わせ{number}を確認しました。|ドライバーを入れ替え、試し刷りは正常でした。|もう一度お試しのうえ結果をお知らせください。|ご確認まで案件は開いたままにします。',
                        'Re: 午後にVPNが切れる件|ログを受領しました。|{day}の装置再起動で接続が切れていました。|待ち時間を延ばしたので再発しないはずです。|一週間様子を見て報告をお願いします。'),
            'contract': ('基本契約書の案|基本契約書の案を添付します。第{number}条を修正しました。|法務から通知期間の短縮の希望があります。|責任の上限は発注額のままです。|{day}までに押印のうえご返送ください。',
                         '秘密保持契約へのコメント|法務で確認が終わりました。|{number}頁の余白に二点書き込みました。|その他は原案で締結できます。|原本は宅配便で交換でよろしいでしょうか。'),
            'password': ('パスワード変更のお知らせ|{day}にアカウントのパスワードが変更されました。|ご本人の操作であれば対応は不要です。|心当たりがない場合は内線{number}へご連絡ください。|安全のためお送りしています。',
                         '新しい端末からのサインイン|{day}に新しいブラウザーからサインインがありました。|設定画面で一覧を確認できます。|ご自身のものであればそのままで構いません。|管理者にも同じ通知が届きます。'),
            'newsletter': ('{company}{month}だより|今月は新しい{product}と導入事例を二件ご紹介します。|品質の測り方を技術者がブログで説明しています。|展示会は{number}番ホールです。|配信停止は末尾のリンクから行えます。',
                           '第{number}版のご案内|第{number}版では検索が速くなり画面が見やすくなりました。|詳細は当社サイト、{day}に説明会があります。|研修は早期申込で一割引です。|配信を希望されない方はこちら。'),
        },
        'junk': {
            'dating': ('【無料】あなたに会いたい女性がいます|登録無料で今すぐ出会える!|女性会員から{number}件のメッセージが届いています。|秘密厳守、即日会えます。|ポイント{amount}分プレゼント',
                       'お返事待ってます|寂しい人妻です、今夜空いてますか。|写メ交換しませんか、直アド教えます。|完全無料のサイトです。|ここから登録してね'),
            'work': ('在宅で月収{money}稼ぐ方法|スマホだけで誰でも簡単に稼げる副業!|初心者でも初日から報酬発生。|先着{number}名様限定。|今すぐLINE登録',
                     '不労所得の秘密公開|自動売買ツールで資産が{number}倍に。|元手ゼロ、ほったらかしで儲かる。|無料プレゼント実施中。|参加はこちらをクリック'),
            'copy': ('スーパーコピー激安通販|ブランド時計N級品が{number}%オフ!|バッグ財布最新作入荷、送料無料。|品質保証、専門店。|ご注文お待ちしております',
                     '高級腕時計大特価セール|本物と同じ素材のレプリカ時計。|代引き可能、税関の心配なし。|カタログは当店まで。|本日限定クーポン配布'),
            'loan': ('即日融資{money}まで|審査なし、ブラックでも借りられます!|来店不要、最短十分で振込。|担保保証人不要。|お電話ください{phone}',
                     '資金調達のご提案|ファクタリングで即現金化、手数料業界最安。|赤字決算でも利用可能。|仮想通貨投資で利回り{number}%。|無料相談受付中'),
            'casino': ('オンラインカジノ入金不要ボーナス|登録だけで{money}分の無料チップ!|ジャックポット続出。|出金も速い。|今すぐプレイ',
                       'ご当選おめでとうございます|抽選の結果{money}が当選しました。|競馬必勝予想を無料公開。|的中率{number}%。|受取手続きはこちら'),
            'seo': ('検索上位表示保証|御社サイトを一ページ目に表示します!|成果報酬で月額{money}から。|被リンク{number}本サービス。|無料診断実施中',
                    '営業リスト販売のご案内|全国法人メールアドレス{number}万件。|一斉配信代行も格安で承ります。|業種別に抽出可能。|今なら半額'),
        },
        'phish': {
            'mailbox': ('メールボックスの容量超過|メールボックスが容量を超え、受信が保留されています。|24時間以内に下記からパスワードを確認してください。|確認がない場合アカウントは停止されます。|システム管理者',
                        'パスワードの有効期限|{address}のパスワードは本日で期限切れとなります。|引き続き使うには下記ページで再度入力してください。|手続きがない場合は利用制限となります。|情報システム部'),
            'executive': ('至急|今会議中で電話に出られません。|至急で送金の処理をお願いしたい案件があります。|発表まで内密に頼みます。|対応できたら振込先を送ります',
                          'お願い|取引先に渡すギフトカードを本日中に買ってもらえますか。|コードを写真でこのアドレスに送ってください。|代金は明日渡します。|今は話せないのでメールで'),
            'bank': ('振込先口座の変更|監査のため当社の振込先が変わりました。|未払い分は添付の新口座へ送金してください。|旧口座は使えません。|至急、着金のご連絡をください',
                     '請求書{number}のお支払いについて|請求書{number}、{money}が未払いです。|銀行の都合により口座の変更をお願いしております。|出荷に影響しますので直ちにお手続きください。|控えを返信願います'),
            'card': ('カードご利用確認のお願い|お客様のカードで不審な取引を検知しました。|ご利用確認のため下記よりカード情報を入力してください。|ご回答がない場合利用制限がかかります。|カードセンター',
                     'お支払い方法の更新|お支払い方法が承認されず、会員資格が停止されます。|24時間以内にアカウントの確認をお願いします。|更新はこちら。|お客様サポート'),
            'parcel': ('お荷物お届けのお知らせ|不在のためお荷物{number}を持ち帰りました。|関税{money}のお支払い後に再配達します。|下記よりお手続きください。|本日中に確認がない場合返送します',
                       '配送保留のご連絡|住所不備によりお荷物を保管中です。番号{number}。|住所とカード情報をご入力ください。|手数料がかかります。|至急ご確認ください'),
        },
    },
}
