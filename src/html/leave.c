/*
 * The page before a link that deceives: what was shown, where it leads, in three languages. It has to be there for people whose sign-in the
 * browser does not show (the frame of a letter has no origin), so it is one text for everybody and reads its address by itself.
 */
#include "html/view.h"

#define SCRIPT \
	"(function(){var q=new URLSearchParams(location.search),s=(q.get(\"shown\")||\"\").slice(0,255),w={\"en\":[\"Check this" \
	" link\",\"The letter shows\",\"The letter does not show where this link leads.\",\"The link leads to\",\"Letters that " \
	"steal passwords often show one address and lead to another. Go on only when you know the second one.\",\"Go on to \"," \
	"\"To stay, close this tab.\",\"This is not a link.\"],\"zh-CN\":[\"请核对此链接\",\"邮件中显示\",\"邮件没有显示此链接的去向。\",\"链接实际指向\",\"骗" \
	"取密码的邮件常常显示一个地址却指向另一个。只有认识后者时才继续。\",\"继续前往 \",\"如不前往，请关闭此标签页。\",\"这不是有效的链接。\"],\"zh-TW\":[\"請核對此連結\",\"信件中顯示\",\"信件沒有顯示" \
	"此連結的去向。\",\"連結實際指向\",\"騙取密碼的信件常常顯示一個位址卻指向另一個。只有認識後者時才繼續。\",\"繼續前往 \",\"如不前往，請關閉此分頁。\",\"這不是有效的連結。\"]},l=Object.hasOwn(w,q.get(\"lang" \
	"\"))?q.get(\"lang\"):\"en\",t=w[l],u,$=function(i){return document.getElementById(i)};document.documentElement.lang=l;" \
	"document.title=t[0];$(\"title\").textContent=t[0];try{u=new URL(q.get(\"to\")||\"\")}catch(e){}if(!u||!/^https?:$/.tes" \
	"t(u.protocol)||u.username||u.password){$(\"why\").textContent=t[7];return}$(\"label\").textContent=s?t[1]:t[2];$(\"sho" \
	"wn\").textContent=s;$(\"leads\").textContent=t[3];$(\"host\").textContent=u.host;$(\"why\").textContent=t[4];$(\"go\")" \
	".textContent=t[5]+u.host;$(\"go\").href=u.href;$(\"stay\").textContent=t[6]})();"

const char html_leave_script[] = SCRIPT;
const char html_leave_page[] =
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title></title>\n"
	"<style>\n"
	":root{color-scheme:light dark}body{max-width:36em;margin:10vh auto;padding:0 16px;font:16px/1.6 system-ui,sans-serif;o"
	"verflow-wrap:anywhere}\n"
	"strong{display:block;font-size:20px}#host{color:#b3261e}@media(prefers-color-scheme:dark){#host{color:#ff8f87}}\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<h1 id=\"title\"></h1>\n"
	"<p><span id=\"label\"></span><strong id=\"shown\"></strong></p>\n"
	"<p><span id=\"leads\"></span><strong id=\"host\"></strong></p>\n"
	"<p id=\"why\"></p>\n"
	"<p id=\"stay\"></p>\n"
	"<p><a id=\"go\" rel=\"noopener noreferrer nofollow\"></a></p>\n"
	"<script>" SCRIPT "</script>\n</body>\n</html>\n";
const char html_leave_policy[] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'; "
	"script-src 'sha256-s7bdETGpODDg7t1JMVxqkhOp/WWK50l/cpzc+x5fCZA='";
