/**
 * Services that many people use, written down for this project by what they are. Blocking one of these because of
 * one bad page on it does more harm than the page.
 *
 * Easy to get wrong: a host belongs here when it serves many unrelated people, or is an institution; that criminals
 * use it too is no reason against it. A feed entry of one page (a URL) or of one tenant (a sub-domain) is used all the
 * same. Stalkerware, tools of attackers and networks of malicious advertisements do not belong here, however popular.
 */
export const SERVICE_HOSTS = `
# Search, portals, mail
google.com youtube.com gmail.com googlemail.com bing.com msn.com live.com outlook.com hotmail.com office.com yahoo.com ymail.com aol.com duckduckgo.com ecosia.org
startpage.com qwant.com brave.com baidu.com sogou.com so.com 360.cn yandex.ru yandex.com yandex.net ya.ru dzen.ru mail.ru rambler.ru naver.com daum.net kakao.com nate.com
seznam.cz wp.pl onet.pl interia.pl o2.pl gazeta.pl libero.it virgilio.it tiscali.it web.de gmx.de gmx.net gmx.com gmx.at gmx.ch t-online.de freenet.de orange.fr laposte.net free.fr sfr.fr
proton.me protonmail.com tutanota.com tuta.com fastmail.com zoho.com posteo.de mailbox.org icloud.com me.com mac.com qq.com 163.com 126.com sina.com.cn sohu.com
terra.com.br uol.com.br bol.com.br rediffmail.com indiatimes.com yahoo.co.jp docomo.ne.jp goo.ne.jp excite.co.jp biglobe.ne.jp nifty.com geocities.jp geocities.com geocities.co.jp ask.com lycos.com
excite.com archive.org archive.ph archive.is archive.today ghostarchive.org webcitation.org perplexity.ai you.com kagi.com mojeek.com swisscows.com

# Search sites of the large engine per country
google.ad google.ae google.al google.am google.as google.at google.az google.ba google.be google.bf google.bg google.bi google.bj google.bs google.bt google.by google.ca google.cat google.cd google.cf
google.cg google.ch google.ci google.cl google.cm google.cn google.cv google.cz google.de google.dj google.dk google.dm google.dz google.ee google.es google.fi google.fm google.fr google.ga google.ge
google.gg google.gl google.gm google.gr google.gy google.hn google.hr google.ht google.hu google.ie google.im google.iq google.is google.it google.je google.jo google.kg google.ki google.kz google.la
google.li google.lk google.lt google.lu google.lv google.md google.me google.mg google.mk google.ml google.mn google.mu google.mv google.mw google.ne google.nl google.no google.nr google.nu google.pl
google.pn google.ps google.pt google.ro google.rs google.ru google.rw google.sc google.se google.sh google.si google.sk google.sm google.sn google.so google.sr google.st google.td google.tg google.tl
google.tm google.tn google.to google.tt google.vu google.ws google.co.ao google.co.bw google.co.ck google.co.cr google.co.id google.co.il google.co.in google.co.jp google.co.ke google.co.kr google.co.ls
google.co.ma google.co.mz google.co.nz google.co.th google.co.tz google.co.ug google.co.uk google.co.uz google.co.ve google.co.vi google.co.za google.co.zm google.co.zw google.com.af google.com.ag
google.com.ar google.com.au google.com.bd google.com.bh google.com.bn google.com.bo google.com.br google.com.bz google.com.co google.com.cu google.com.cy google.com.do google.com.ec google.com.eg
google.com.et google.com.fj google.com.gh google.com.gi google.com.gt google.com.hk google.com.jm google.com.kh google.com.kw google.com.lb google.com.ly google.com.mm google.com.mt google.com.mx
google.com.my google.com.na google.com.ng google.com.ni google.com.np google.com.om google.com.pa google.com.pe google.com.pg google.com.ph google.com.pk google.com.pr google.com.py google.com.qa
google.com.sa google.com.sb google.com.sg google.com.sl google.com.sv google.com.tj google.com.tr google.com.tw google.com.ua google.com.uy google.com.vc google.com.vn

# What the large platforms serve themselves from
gstatic.com googleapis.com googleusercontent.com ggpht.com ytimg.com googlevideo.com youtu.be youtube-nocookie.com goo.gl g.co google-analytics.com googletagmanager.com googletagservices.com
googleadservices.com googlesyndication.com doubleclick.net doubleclick.com 2mdn.net admob.com recaptcha.net withgoogle.com blogger.com blogspot.com android.com chromium.org chrome.com golang.org go.dev
dart.dev flutter.dev firebase.com firebaseio.com firebaseapp.com web.app appspot.com cloudfunctions.net run.app goog pki.goog waze.com nest.com fitbit.com kaggle.com deepmind.com gvt1.com gvt2.com gvt3.com
1e100.net crashlytics.com app-measurement.com page.link forms.gle gle appsheet.com looker.com tensorflow.org k8s.io kubernetes.io
apple.com icloud-content.com mzstatic.com cdn-apple.com apple-dns.net aaplimg.com itunes.com apple.news apple-cloudkit.com apple-mapkit.com push-apple.com.akadns.net
microsoft.com windows.com windows.net microsoftonline.com microsoftonline-p.com live.net windowsupdate.com office.net office365.com sharepoint.com onedrive.com 1drv.ms 1drv.com sharepointonline.com msauth.net
msftauth.net msauthimages.net msftconnecttest.com msftncsi.com azure.com azure.net azureedge.net azurewebsites.net azurefd.net azure-api.net azure-devices.net azurecr.io trafficmanager.net cloudapp.net visualstudio.com
vsassets.io vscode.dev github.com githubusercontent.com githubassets.com github.io github.dev githubapp.com ghcr.io nuget.org skype.com skypeassets.com lync.com teams.microsoft.com xbox.com xboxlive.com
linkedin.com licdn.com lnkd.in bingapis.com aka.ms s-microsoft.com msecnd.net msedge.net akamaized.net aspnetcdn.com dynamics.com powerapps.com powerbi.com onmicrosoft.com passport.net hotmail.co.uk
clarity.ms msocdn.com onenote.com yammer.com azureedge.us microsoftstream.com mojang.com minecraft.net playfab.com windowsazure.com cloud.microsoft static.microsoft usercontent.microsoft dot.net
facebook.com fbcdn.net facebook.net fb.com fb.me fb.watch fbsbx.com messenger.com m.me instagram.com cdninstagram.com whatsapp.com whatsapp.net wa.me threads.net threads.com oculus.com meta.com meta.ai
twitter.com x.com t.co twimg.com pscp.tv tiktok.com tiktokcdn.com tiktokv.com bytedance.com byteoversea.com ibytedtos.com ibyteimg.com pinterest.com pin.it pinimg.com snapchat.com sc-cdn.net snap.com
reddit.com redd.it redditmedia.com redditstatic.com tumblr.com quora.com telegram.org telegram.me t.me telegra.ph telegram.dog graph.org tdesktop.com signal.org discord.com discord.gg discordapp.com discordapp.net
discord.media discordstatus.com viber.com line.me line-apps.com line-scdn.net wechat.com weixin.qq.com vk.com vk.ru vk.me vkuser.net vk.cc vkontakte.ru userapi.com ok.ru weibo.com weibo.cn douban.com zhihu.com
bilibili.com douyin.com xiaohongshu.com kuaishou.com mastodon.social bsky.app bsky.social medium.com substack.com patreon.com onlyfans.com twitch.tv ttvnw.net jtvnw.net vimeo.com vimeocdn.com dailymotion.com
rumble.com odysee.com bitchute.com kick.com flickr.com staticflickr.com imgur.com giphy.com tenor.com gfycat.com deviantart.com behance.net dribbble.com 500px.com photobucket.com clubhouse.com meetup.com eventbrite.com
amazon.com amazonaws.com awsstatic.com cloudfront.net amazon-adsystem.com amazon.co.uk amazon.de amazon.fr amazon.it amazon.es amazon.nl amazon.pl amazon.se amazon.ca amazon.com.br amazon.com.mx amazon.com.au
amazon.co.jp amazon.in amazon.cn amazon.sg amazon.ae amazon.sa amazon.com.tr amazon.eg amazon.com.be media-amazon.com ssl-images-amazon.com images-amazon.com amazonvideo.com aiv-cdn.net primevideo.com audible.com
a2z.com aws awsapps.com elasticbeanstalk.com amazoncognito.com amzn.to amzn.com a.co imdb.com goodreads.com ring.com blink.com alexa.com awsglobalaccelerator.com aws.dev amplifyapp.com quicksight.aws
netflix.com nflxvideo.net nflximg.net nflxext.com nflxso.net spotify.com scdn.co spotifycdn.com pscdn.co hulu.com disneyplus.com disney.com dssott.com bamgrid.com hbomax.com max.com paramountplus.com peacocktv.com
roku.com plex.tv sling.com crunchyroll.com deezer.com tidal.com soundcloud.com sndcdn.com bandcamp.com pandora.com last.fm shazam.com mixcloud.com genius.com musixmatch.com iheart.com tunein.com

# Language models and assistants
openai.com chatgpt.com oaiusercontent.com oaistatic.com sora.com anthropic.com claude.ai claude.com claudeusercontent.com gemini.google.com mistral.ai cohere.com huggingface.co hf.co hf.space replicate.com
stability.ai midjourney.com character.ai poe.com deepseek.com x.ai grok.com moonshot.cn kimi.com qwen.ai groq.com together.ai openrouter.ai elevenlabs.io runwayml.com suno.com cursor.com cursor.sh windsurf.com
codeium.com tabnine.com phind.com deepl.com grammarly.com jasper.ai writesonic.com copy.ai notion.so gamma.app lovable.dev lovable.app v0.dev v0.app bolt.new base44.com base44.app manus.im manus.space ollama.com ollama.ai

# Clouds, hosting of sites and applications
cloudflare.com cloudflare.net cloudflare-dns.com cloudflareinsights.com cloudflarestream.com cloudflarestorage.com workers.dev pages.dev trycloudflare.com r2.dev cdnjs.com one.one.one.one
akamai.net akamai.com akamaiedge.net akamaihd.net akadns.net edgekey.net edgesuite.net akam.net akstat.io go-mpulse.net linode.com linodeobjects.com linodeusercontent.com
fastly.com fastly.net fastlylb.net fastly-edge.com edgecompute.app glitch.me glitch.com cdn77.org cdn77.com bunny.net b-cdn.net bunnycdn.com keycdn.com kxcdn.com stackpathcdn.com stackpathdns.com netdna-cdn.com
netdna-ssl.com jsdelivr.net unpkg.com esm.sh skypack.dev bootstrapcdn.com jquery.com fontawesome.com typekit.net fonts.net edgecastcdn.net llnwd.net limelight.com gcore.com gcdn.co cachefly.net cdngc.net chinacache.net
alicdn.com aliyun.com aliyuncs.com alibabacloud.com alibabadns.com myqcloud.com tencent.com tencentcloud.com tencent-cloud.net qcloud.com gtimg.com gtimg.cn huaweicloud.com huawei.com hicloud.com baidubce.com bcebos.com
bdstatic.com bdimg.com volcengine.com volces.com ksyun.com qiniu.com qiniucdn.com upyun.com wscdns.com wsdvs.com kunlun.com digitalocean.com digitaloceanspaces.com ondigitalocean.app vultr.com vultrobjects.com
hetzner.com hetzner.de hetzner.cloud your-server.de ovh.com ovh.net ovhcloud.com ovh.ca soyoustart.com kimsufi.com scaleway.com scw.cloud online.net gandi.net gandi.ws ionos.com ionos.de 1and1.com 1und1.de strato.de
contabo.com contabo.net contaboserver.net netcup.de netcup.net hosteurope.de df.eu infomaniak.com leaseweb.com leaseweb.net rackspace.com rackcdn.com softlayer.com softlayer.net ibm.com ibmcloud.com appdomain.cloud
oracle.com oraclecloud.com oraclecdn.com java.com salesforce.com force.com salesforceliveagent.com heroku.com herokuapp.com herokudns.com netlify.com netlify.app vercel.com vercel.app now.sh render.com onrender.com
railway.app up.railway.app fly.io fly.dev deno.dev deno.com surge.sh gitpod.io gitbook.io gitbook.com readthedocs.io readthedocs.org replit.com replit.app replit.dev repl.co repl.it codesandbox.io csb.app stackblitz.com
stackblitz.io codepen.io jsfiddle.net jsbin.com pythonanywhere.com koyeb.app northflank.app zeabur.app cyclic.app supabase.co supabase.com neon.tech planetscale.com mongodb.com mongodb.net redislabs.com upstash.com
firebase.google.com backblaze.com backblazeb2.com wasabisys.com wasabi.com storj.io storjshare.io filebase.com filebase.io pinata.cloud mypinata.cloud fleek.co fleek.cool fleek.one fleek.network on-fleek.app 4everland.io 4everland.app 4everland.co
godaddy.com godaddysites.com secureserver.net wsimg.com namecheap.com namecheaphosting.com web-hosting.com registrar-servers.com name.com porkbun.com dynadot.com enom.com tucows.com hover.com networksolutions.com
register.com bluehost.com hostgator.com dreamhost.com dreamhosters.com siteground.com sgvps.net a2hosting.com inmotionhosting.com hostinger.com hostingersite.com hstgr.io hstgr.cloud hostinger.io main-hosting.eu
000webhost.com 000webhostapp.com infinityfree.com infinityfreeapp.com epizy.com rf.gd byethost.com freehostia.com awardspace.com awardspace.net atwebpages.com freehosting.com x10hosting.com x10.mx biz.nf 50webs.com 110mb.com
profreehost.com googiehost.com freewha.com zyrosite.com kinsta.com kinsta.cloud kinsta.page kinsta.app wpengine.com wpenginepowered.com wpcomstaging.com pantheonsite.io pantheon.io acquia.com acquia-sites.com platform.sh platformsh.site
wordpress.com wordpress.org wp.com wp.me gravatar.com automattic.com jetpack.com woocommerce.com akismet.com wix.com wixsite.com wixstatic.com parastorage.com editorx.io wixstudio.com squarespace.com squarespace-cdn.com sqspcdn.com
weebly.com weeblysite.com editmysite.com webflow.com webflow.io website-files.com framer.com framer.website framer.app framer.ai framerusercontent.com carrd.co strikingly.com mystrikingly.com jimdo.com jimdosite.com jimdofree.com site123.me
site123.com ucraft.net ucraft.com tilda.cc tilda.ws tildacdn.com ukit.com ukit.me ucoz.com ucoz.ru ucoz.net narod.ru webnode.com webnode.page webnode.cz webador.com yola.com yolasite.com duda.co dudaone.com multiscreensite.com
bravenet.com tripod.com angelfire.com freeservers.com homestead.com simplesite.com snack.ws doodlekit.com over-blog.com canalblog.com skyrock.com livejournal.com livejournal.net typepad.com blogger.com blog.jp ameblo.jp ameba.jp fc2.com
hatenablog.com hatena.ne.jp livedoor.jp livedoor.com seesaa.net exblog.jp cocolog-nifty.com sakura.ne.jp lolipop.jp xserver.jp tistory.com egloos.com pixnet.net xuite.net blogfree.net altervista.org
myshopify.com shopify.com shopifycdn.com bigcommerce.com mybigcommerce.com ecwid.com prestashop.com magento.com storenvy.com bigcartel.com tiendanube.com nuvemshop.com.br vtex.com vtexassets.com ghost.io ghost.org
notion.site notion.com super.site linktr.ee beacons.ai bio.link campsite.bio linkin.bio taplink.cc about.me carrd.com flowcode.com hubspot.com hs-sites.com hubspotpagebuilder.com hsforms.com hsforms.net hsappstatic.net hubspotemail.net
leadpages.net lpages.co unbounce.com unbouncepages.com instapage.com clickfunnels.com kajabi.com teachable.com thinkific.com mailchimp.com mailchi.mp list-manage.com campaign-archive.com sendgrid.com sendgrid.net mailgun.org
mailgun.com constantcontact.com activehosted.com activecampaign.com getresponse.com aweber.com klaviyo.com sendinblue.com brevo.com sibforms.com mailerlite.com mlsend.com convertkit.com kit.com mandrillapp.com postmarkapp.com
sparkpostmail.com amazonses.com rs6.net exacttarget.com marketo.com mktoweb.com mkt.com pardot.com eloqua.com en25.com campaignmonitor.com createsend.com cmail20.com smore.com canva.com canva.site my.canva.site genially.com genial.ly
padlet.com prezi.com issuu.com scribd.com slideshare.net calameo.com yumpu.com flipsnack.com visme.co adobe.com adobe.io adobeexpress.com myportfolio.com typeform.com jotform.com jotform.me surveymonkey.com wufoo.com formstack.com cognitoforms.com
123formbuilder.com google.forms tally.so paperform.co formspree.io getform.io zohopublic.com zohosites.com zohostatic.com zoho.eu zoho.in zohocreator.com manageengine.com freshdesk.com freshworks.com zendesk.com zdassets.com intercom.io intercom.com
intercomcdn.com crisp.chat tawk.to livechatinc.com drift.com driftt.com olark.com atlassian.net atlassian.com bitbucket.org bitbucket.io trello.com jira.com statuspage.io slack.com slack-edge.com slack-files.com slack-imgs.com
asana.com monday.com clickup.com airtable.com basecamp.com smartsheet.com miro.com figma.com lucid.app lucidchart.com evernote.com coda.io zoom.us zoom.com zoomgov.com webex.com gotomeeting.com logmein.com gotomypc.com teamviewer.com
anydesk.com splashtop.com screenconnect.com connectwise.com ngrok.com ngrok.io ngrok-free.app ngrok.app localtunnel.me loca.lt serveo.net pagekite.net pagekite.me telebit.io localhost.run lhr.life pinggy.io playit.gg ply.gg portmap.io tailscale.com ts.net zerotier.com
docusign.com docusign.net hellosign.com dropboxsign.com pandadoc.com adobesign.com echosign.com signnow.com calendly.com doodle.com zapier.com ifttt.com make.com pipedream.com pipedream.net n8n.io n8n.cloud webhook.site requestbin.com beeceptor.com mockapi.io
requestcatcher.com hookbin.com

# Dynamic DNS, old free hosting, web proxies
no-ip.com noip.com no-ip.org dyn.com dyndns.org dyndns.com dynu.com dynu.net afraid.org freedns.afraid.org changeip.com dnsexit.com zoneedit.com cloudns.net dnspod.com dnspod.cn he.net dns.he.net easydns.com
duckdns.org desec.io dedyn.io dnsmadeeasy.com ultradns.com nsone.net ns1.com dnsimple.com asuscomm.com myfritz.net spdns.de goip.de tplinkdns.com mynetname.net hopto.org zapto.org sytes.net ddns.net webs.com
atspace.com hpage.com page.tl xtgem.com 20m.com fortunecity.com members.tripod.com proxysite.com kproxy.com croxyproxy.com hidester.com anonymouse.org

# Names that tenants of dynamic DNS, free hosting and web proxies get theirs below (README.md says why that matters)
changeip.net changeip.org changeip.name changeip.co 25u.com 2waky.com 3-a.net 4dq.com 4mydomain.com 4pu.com acmetoy.com almostmy.com authorizeddns.net authorizeddns.org authorizeddns.us bigmoney.biz cleansite.biz cleansite.info
ddns.info ddns.mobi ddns.ms ddns.name ddns.us dhcp.biz dns-dns.com dns-stuff.com dns04.com dns05.com dns1.us dns2.us dnset.com dnsfailover.net dnsrd.com dsmtp.com dumb1.com dynamic-dns.net dynamicdns.biz dynamicdns.co.uk dynamicdns.me.uk
dynamicdns.org.uk edns.biz epac.to esmtp.biz ezua.com faqserv.com fartit.com freeddns.com freetcp.com freewww.biz freewww.info ftp1.biz ftpserver.biz gettrials.com got-game.org gr8domain.biz gr8name.biz https443.net https443.org ikwb.com
instanthq.com iownyour.biz iownyour.org isasecret.com itemdb.com itsaol.com jetos.com jkub.com jungleheart.com justdied.com lflink.com lflinkup.com lflinkup.net lflinkup.org longmusic.com mefound.com moneyhome.biz mrbasic.com mrbonus.com
mrface.com mrslove.com my03.com mydad.info myddns.com myftp.info myftp.name mylftv.com mymom.info mynetav.com mynetav.net mynetav.org mynumber.org mypicture.info mypop3.net mypop3.org mysecondarydns.com mywww.biz myz.info ninth.biz
ns01.biz ns01.info ns01.us ns02.biz ns02.info ns02.us ns1.name ns2.name ns3.name ocry.com onedumb.com onmypc.biz onmypc.info onmypc.net onmypc.org onmypc.us organiccrap.com otzo.com ourhobby.com port25.biz proxydns.com
qhigh.com qpoe.com rebatesrule.net sellclassics.com sendsmtp.com serveuser.com serveusers.com sixth.biz squirly.info ssl443.org toh.info toythieves.com trickip.net trickip.org vizvaz.com wikaba.com wwwhost.biz wwwhost.us x24hr.com xxuz.com
ygto.com youdontcare.com yourtrap.com zyns.com zzux.com
3utilities.com bounceme.net ddnsking.com freedynamicdns.net freedynamicdns.org gotdns.ch hopto.me myddns.me mydissent.net myeffect.net myftp.biz myftp.org mymediapc.net mypsx.net mysecuritycamera.com mysecuritycamera.net mysecuritycamera.org myvnc.com
net-freaks.com no-ip.biz no-ip.info noip.me noip.us nsupdate.info onthewifi.com redirectme.net securitytactics.com servebbs.com servebbs.net servebbs.org servebeer.com serveblog.net servecounterstrike.com serveexchange.com serveftp.com servegame.com
servehalflife.com servehttp.com servehumour.com serveirc.com serveminecraft.net servemp3.com servep2p.com servepics.com servequake.com servesarcasm.com stufftoread.com ufcfan.org unusualperson.com viewdns.net webhop.me workisboring.com
accesscam.org camdvr.org casacam.net ddnsfree.com ddnsgeek.com dynuddns.com dynuddns.net freeddns.org giize.com gleeze.com kozow.com loseyourip.com mywire.org ooguy.com theworkpc.com webredirect.org
chickenkiller.com crabdance.com ignorelist.com jumpingcrab.com mooo.com strangled.net twilightparadox.com uk.to us.to linkpc.net publicvm.com work.gd dtdns.net dtdns.org dtdns.com chatnook.com darktech.org deaftone.com effers.com etowns.net
etowns.org flnet.org gotgeeks.com scieron.com slyip.com slyip.net suroot.com dynv6.com dynv6.net dns.army dns.navy v6.army v6.navy v6.rocks ydns.eu spdyn.de selfhost.de selfhost.eu dnshome.de ddnss.de ddnss.org dyndns1.de dyn-ip24.de
dynip.com dynip.org feste-ip.net ipv64.net myonlineportal.net system-ns.com system-ns.net system-ns.org now-dns.com now-dns.net now-dns.org 001www.com ddnslive.com dynserv.org forumz.info mypi.co myiphost.com wifizone.org dnsup.net hicam.net
now-ip.net now-ip.org ownip.net tftpd.net zapto.xyz dyndns.biz dyndns.info dyndns.tv dyndns.ws dyns.cc dyns.net homeip.net homelinux.com homelinux.net homelinux.org homedns.org dnsalias.com dnsalias.net dnsalias.org is-a-geek.com is-a-geek.net
dnsdynamic.org dnsdynamic.com ddns01.com duiadns.net dynamic-dns.com tzo.com tzo.net tzo.org ddo.jp mydns.jp dnsd.info iobb.net 3322.org 3322.net f3322.net f3322.org 2288.org 6600.org 7766.org 8800.org 8866.org 9966.org vicp.net vicp.cc vicp.hk
oicp.net gicp.net eicp.net xicp.net imwork.net iask.in 51vip.biz oray.com oray.net gnway.net gnway.cc meibu.com meibu.net pubyun.com mynetgear.com dlinkddns.com mydlink.com quickddns.com hiddns.com hik-connect.com hik-online.com
myds.me diskstation.me dvrdns.org keenetic.link keenetic.pro keenetic.name wd2go.com remotewd.com freeboxos.fr
6te.net coolpage.biz eu5.net eu5.org freeoda.com freetzi.com freevar.com noads.biz orgfree.com ueuo.com xp3.biz freewebhostingarea.com dx.am getenjoyment.net medianewsonline.com myartsonline.com
mygamesonline.org mypressonline.com onlinewebshop.net scienceontheweb.net sportsontheweb.net mywebcommunity.org comli.com comule.com freeiz.com herobo.com host22.com hostei.com hostoi.com hostzi.com net16.net net23.net
net46.net net63.net net76.net net84.net netai.net netau.net netii.net netne.net site11.com site40.net site50.net site88.net site90.com site90.net uphero.com vacau.com web44.net webatu.com webuda.com yzi.me 99k.org byethost.org
infinityfree.net 42web.io great-site.net free.nf kesug.com iceiy.com wuaze.com ct.ws lovestoblog.com 66ghz.com hstn.me is-great.org is-great.net is-best.net unaux.com ezyro.com
x10host.com x10.bz elementfx.com exofire.net pcriot.com co.nf runhosting.com heliohost.org heliohost.us 5gbfree.com freehosting.net freehostingeu.com zettahost.com bplaced.net
bplaced.com square7.ch lima-city.de lima-city.at funpic.de cwsurf.de ucoz.org ucoz.ua ucoz.de at.ua my1.ru moy.su 3dn.ru clan.su do.am ucoz.es ucoz.hu nethouse.ru hut.ru h1.ru h12.ru hop.ru by.ru
8k.com 4t.com 8m.com 8m.net 4mg.com 50megs.com iwarp.com gq.nu itgo.com s5.com scriptmania.com faithweb.com htmlplanet.com freeyellow.com
wapka.mobi wapka.me wapka.com mw.lt wen.ru webcindario.com miarroba.com es.tl de.tl fr.tl it.tl ru.gg hpg.com.br pop3.ru freehost.com.ua zzz.com.ua kl.com.ua pp.ua hol.es esy.es pe.hu 16mb.com 96.lt url.ph hostingerapp.com
hostfree.com cba.pl keep.pl prv.pl republika.pl webpark.pl ic.cz wz.cz xf.cz kvalitne.cz euweb.cz borec.cz czweb.org php5.cz webzdarma.cz wgz.cz sweb.cz estranky.cz estranky.sk atw.hu uw.hu fw.hu extra.hu freeweb.hu lapunk.hu
4everproxy.com anonymizer.com blockaway.net filterbypass.me guardster.com hma.com megaproxy.com ninjacloak.com proxfree.com proxify.com proxyium.com the-cloak.com unblockvideos.com vtunnel.com zend2.com zalmos.com

# File sharing and storage
dropbox.com dropboxusercontent.com dropboxstatic.com db.tt box.com boxcdn.net app.box.com boxcloud.com mega.nz mega.co.nz mega.io mediafire.com 4shared.com wetransfer.com we.tl wetransfer.net sendspace.com filemail.com
transfer.sh transferxl.com transfernow.net smash.com fromsmash.com file.io gofile.io anonfiles.com anonfile.com bayfiles.com pixeldrain.com catbox.moe litterbox.catbox.moe qu.ax uguu.se pomf.cat pomf.lain.la 0x0.st tmpfiles.org temp.sh
filebin.net file.pizza oshi.at ufile.io uploadfiles.io uploadcare.com ucarecdn.com upload.ee workupload.com zippyshare.com rapidgator.net uploaded.net nitroflare.com turbobit.net katfile.com ddownload.com 1fichier.com uptobox.com
k2s.cc keep2share.cc depositfiles.com filefactory.com hotfile.com mediafire.cloud easyupload.io send.cm sendgb.com filetransfer.io swisstransfer.com send.vis.ee send-anywhere.com limewire.com tresorit.com sync.com pcloud.com pcloud.link
icedrive.net koofr.net koofr.eu terabox.com 1024tera.com teraboxapp.com degoo.com jumpshare.com droplr.com cloudapp.com cl.ly getcloudapp.com sugarsync.com hightail.com egnyte.com sharefile.com citrix.com citrixdata.com opendrive.com
yadi.sk disk.yandex.ru cloud.mail.ru files.fm failiem.lv ulozto.net uloz.to fastshare.cz webshare.cz letsupload.io letsupload.cc anonymousfiles.io dosya.co dosyaupload.com filedn.com filedn.eu ge.tt multcloud.com bashupload.com
envs.sh x0.at ttm.sh ki.tc rustypaste.shuttleapp.rs storage.to mir.cr mirrored.to multiup.io krakenfiles.com bowfile.com cyberfile.me bunkr.si cyberdrop.me gdriveplayer.us sourceforge.net fosshub.com softonic.com softpedia.com
filehippo.com majorgeeks.com cnet.com download.com uptodown.com apkpure.com apkmirror.com aptoide.com f-droid.org filehorse.com portableapps.com ninite.com chocolatey.org snapcraft.io flathub.org postimg.cc postimages.org imgbb.com ibb.co
ibb.com imgbox.com imageshack.com imagebam.com tinypic.com prnt.sc prntscr.com lightshot.com gyazo.com snipboard.io freeimage.host cubeupload.com imageban.ru fastpic.org radikal.ru vgy.me zupimages.net casimages.com hostpic.xyz imgpile.com

# Paste sites and snippets
pastebin.com pastebin.pl pastebin.fr pastebin.ca pastebin.ai paste.ee paste.rs paste.sh paste.gg paste.mozilla.org paste.debian.net paste.ubuntu.com pasteboard.co pasteio.com paste.lol paste.bingner.com paste.fo
pastelink.net pastie.org pasted.co dpaste.org dpaste.com hastebin.com hastebin.skyra.pw toptal.com rentry.co rentry.org ghostbin.com ghostbin.co justpaste.it justpaste.me controlc.com privatebin.net privatebin.info
0bin.net zerobin.net bin.disroot.org termbin.com ix.io sprunge.us clbin.com textbin.net textbin.com text.is textsnip.com textup.fr notes.io write.as telegraph.ph jotnotes.com shrib.com codeshare.io ideone.com jsonbin.io jsonblob.com
jsonkeeper.com npoint.io extendsclass.com myjson.com gist.github.com gitlab.com gitlab.io gitlab-static.net codeberg.org codeberg.page gitea.com gitee.com gitea.io sourcehut.org sr.ht launchpad.net savannah.gnu.org notabug.org bitbin.it
slexy.org snippet.host bpa.st bpaste.net nopaste.net nekobin.com katb.in pst.innomi.net snipt.org p.ip.fi rlim.com zerobin.io cryptpad.fr etherpad.org hackmd.io dontpad.com quotev.com wattpad.com anotepad.com
notepad.pw cl1p.net protectedtext.com onetimesecret.com privnote.com yopass.se pwpush.com

# Short links
bit.ly bitly.com j.mp bitly.ws tinyurl.com tiny.cc tiny.one tinyurl.is is.gd v.gd ow.ly owl.li buff.ly cutt.ly cutt.us rebrand.ly rb.gy shorturl.at shorturl.gg shorturl.asia short.io short.gy short.cm shrtco.de t.ly s.id u.to clck.ru
goo.su lnk.to lnk.bio smarturl.it dlvr.it ift.tt fb.gg trib.al adf.ly adfoc.us ouo.io ouo.press shorte.st sh.st linkvertise.com link-to.net lootlinks.co lootdest.org exe.io bc.vc bl.ink qrco.de qr.ae qrcode-monkey.com q-r.to me-qr.com
scnv.io flow.page l.ead.me hypel.ink kutt.it kutt.to dub.sh dub.co switchy.io sniply.io snip.ly snip.li soo.gd 2no.co iplogger.org iplogger.com iplogger.ru grabify.link yip.su
urlz.fr urlr.me lc.cx x.co x.gd bom.so by.com.vn ln.run gg.gg ity.im po.st prettylinkpro.com moourl.com snipurl.com snurl.com tr.im su.pr budurl.com cli.gs fur.ly twurl.nl urlshort.me hyperurl.co mcaf.ee
n9.cl acortar.link acortaurl.com encr.pw l1nq.com encurtador.com.br encurtador.dev abre.ai bityl.co bit.do tiny.pl tnij.org skr.cm krt.sk 1url.cz jdem.cz zkr.cz bre.is shrinkme.io shrinke.me za.gl clk.sh droplink.co gplinks.co gplinks.in
linkshrink.net al.ly viid.me adfly.com fc.lc uii.io clicksfly.com try2link.com wl.co h5.ink t2m.io tinylink.net urlzs.com linklyhq.com cutt.cc cort.as hubs.ly hubs.la hubs.li shor.by s.uk s.ee ssur.cc suo.im dwz.cn dwz.mk t.cn url.cn
w.url.cn mrw.so u.nu reurl.cc pse.is lihi.cc lihi1.com ppt.cc supr.link myppt.cc picsee.io risu.io han.gl vo.la me2.do bitly.kr url.kr vvd.bz zrr.kr ur0.jp x.gd qr.paps.jp onl.bz onl.la onl.tw onl.sc ux.nu is.gd nav.cx onelink.me
app.link bnc.lt adj.st page.link appsflyer.com branch.io lin.ee lemon8-app.com g.page maps.app.goo.gl youtu.be spoti.fi apple.co amzn.eu amzn.asia ebay.us ebay.to etsy.me nyti.ms wapo.st bbc.in cnn.it reut.rs bloom.bg econ.st
n.pr politi.co fxn.ws cbsn.ws on.wsj.com on.ft.com dailym.ai ti.me mol.im huff.to wrd.cm tcrn.ch zd.net cnet.co engt.co pcm.ag es.pn redd.it wp.me tmblr.co flic.kr vimeo.pro git.io db.tt mzl.la nvda.ws intel.ly ibm.co oracl.info
sforce.co adobe.ly msft.it sap.to cisco.co wef.ch unfoundation.us bt.ly hrefshare.com

# Added after a look at what published lists of malicious names block (README.md says why that matters)
pastetext.net via0.com url.sg tyny.to long.af litby.us

# Gateways to content addressed by hash, and blockchain services
ipfs.io dweb.link cloudflare-ipfs.com cf-ipfs.com nftstorage.link nft.storage web3.storage w3s.link infura-ipfs.io infura.io ipfs.tech ipfs.infura.io gateway.pinata.cloud hardbin.com ipfs.best-practice.se flk-ipfs.xyz
ipfs.fleek.co fleek.xyz jorropo.net eth.limo eth.link eth.aragon.network arweave.net arweave.org ar.io alchemy.com quicknode.com etherscan.io bscscan.com polygonscan.com blockchain.com blockchain.info blockstream.info mempool.space
blockchair.com coinbase.com binance.com binance.us bnbchain.org kraken.com bitfinex.com bitstamp.net okx.com bybit.com kucoin.com gate.io huobi.com crypto.com gemini.com bitget.com mexc.com uniswap.org opensea.io metamask.io
consensys.io trustwallet.com ledger.com trezor.io exodus.com electrum.org phantom.app phantom.com solana.com ethereum.org bitcoin.org bitcoin.com getmonero.org monero.org coinmarketcap.com coingecko.com tradingview.com coindesk.com
cointelegraph.com nicehash.com minergate.com nanopool.org ethermine.org f2pool.com 2miners.com supportxmr.com moneroocean.stream slushpool.com braiins.com hiveon.com hiveon.net poolin.com viabtc.com antpool.com herominers.com
unmineable.com zergpool.com luxor.tech kryptex.com xmrig.com walletconnect.com walletconnect.org thirdweb.com magic.link localbitcoins.com paxful.com bitpay.com changelly.com

# Answers "what is my address", speed and reachability tests
ipify.org api.ipify.org icanhazip.com ifconfig.me ifconfig.co ifconfig.io ipinfo.io ip-api.com ipapi.co ipapi.com ipecho.net ident.me tnedi.me ip.sb ip.cn ipip.net cip.cc whatismyip.com whatismyipaddress.com whatismyip.net whatismyip.org
checkip.amazonaws.com checkip.dyndns.org checkip.dyndns.com myip.com myip.dnsomatic.com myexternalip.com wtfismyip.com ipgeolocation.io ipregistry.co ipdata.co iplocation.net iplocation.com iptoasn.com ipstack.com freegeoip.net freegeoip.app
geojs.io db-ip.com maxmind.com ip2location.com ipwho.is ipwhois.io ipwhois.app ipv6-test.com test-ipv6.com 2ip.ru 2ip.io 2ip.ua myip.ru yoip.ru whoer.net browserleaks.com dnsleaktest.com ipleak.net ipchicken.com ip-score.com
ip.me api.myip.com l2.io seeip.org eth0.me curlmyip.com trackip.net showmyip.com showip.net whatsmyip.org whatsmyip.net ip-adress.com ip-lookup.net ip4.me ip6.me ip6only.me ip-tracker.org amiunique.org bgpview.io bgp.he.net
speedtest.net ookla.com fast.com measurementlab.net nperf.com speedof.me connectivitycheck.gstatic.com connectivity-check.ubuntu.com detectportal.firefox.com captive.apple.com nmcheck.gnome.org neverssl.com example.com example.net example.org
httpbin.org httpstat.us badssl.com ssllabs.com dnschecker.org mxtoolbox.com whois.com who.is domaintools.com viewdns.info securitytrails.com shodan.io censys.io virustotal.com urlscan.io any.run hybrid-analysis.com joesandbox.com
haveibeenpwned.com phishtank.org phishtank.com abuse.ch spamhaus.org spamcop.net surbl.org barracudacentral.org dnsbl.info talosintelligence.com otx.alienvault.com greynoise.io

# Software vendors, distributions, package registries, developer services
mozilla.org mozilla.com firefox.com mozilla.net thunderbird.net opera.com operacdn.com vivaldi.com torproject.org tor.eff.org eff.org letsencrypt.org lencr.org isrg.org linux.org kernel.org gnu.org fsf.org debian.org debian.net
ubuntu.com canonical.com launchpad.net launchpadcontent.net redhat.com fedoraproject.org centos.org rockylinux.org almalinux.org opensuse.org suse.com archlinux.org manjaro.org gentoo.org alpinelinux.org nixos.org linuxmint.com kali.org
freebsd.org openbsd.org netbsd.org proxmox.com openwrt.org raspberrypi.org raspberrypi.com arduino.cc qemu.org python.org pypi.org pythonhosted.org anaconda.com anaconda.org npmjs.com npmjs.org nodejs.org yarnpkg.com deno.land bun.sh
rust-lang.org crates.io docs.rs php.net packagist.org getcomposer.org ruby-lang.org rubygems.org perl.org cpan.org metacpan.org haskell.org maven.org apache.org sonatype.org gradle.org jetbrains.com kotlinlang.org scala-lang.org
docker.com docker.io quay.io gcr.io hashicorp.com terraform.io vagrantup.com ansible.com puppet.com chef.io gitkraken.com sourcegraph.com stackoverflow.com stackexchange.com superuser.com serverfault.com askubuntu.com sstatic.net imgur.io
npmmirror.com tuna.tsinghua.edu.cn aliyun-inc.com cocoapods.org swift.org unity.com unity3d.com unrealengine.com epicgames.com epicgames.dev steampowered.com steamcommunity.com steamstatic.com steamcontent.com steamserver.net valvesoftware.com
battle.net blizzard.com activision.com ea.com origin.com ubisoft.com ubi.com riotgames.com leagueoflegends.com rockstargames.com playstation.com playstation.net sonyentertainmentnetwork.com nintendo.com nintendo.net roblox.com rbxcdn.com
gog.com itch.io humblebundle.com curseforge.com modrinth.com nexusmods.com moddb.com wargaming.net bungie.net minecraftforge.net nginx.com nginx.org mysql.com mariadb.org postgresql.org sqlite.org elastic.co grafana.com grafana.net
prometheus.io datadoghq.com newrelic.com nr-data.net sentry.io splunk.com splunkcloud.com dynatrace.com appdynamics.com pagerduty.com opsgenie.com rollbar.com bugsnag.com raygun.io logentries.com loggly.com papertrailapp.com sumologic.com
vmware.com broadcom.com citrixonline.com nutanix.com dell.com hp.com hpe.com lenovo.com asus.com acer.com msi.com gigabyte.com intel.com amd.com nvidia.com qualcomm.com arm.com samsung.com samsungcloud.com samsungelectronics.com lg.com
sony.com sony.net philips.com siemens.com bosch.com mi.com xiaomi.com xiaomi.net miui.com oppo.com vivo.com oneplus.com honor.com tp-link.com netgear.com d-link.com linksys.com ubnt.com ui.com mikrotik.com zyxel.com synology.com
synology.me quickconnect.to qnap.com myqnapcloud.com wdc.com mycloud.com seagate.com logitech.com canon.com epson.com brother.com xerox.com ricoh.com cisco.com meraki.com umbrella.com opendns.com juniper.net paloaltonetworks.com
fortinet.com fortiguard.com fortinet.net sonicwall.com watchguard.com checkpoint.com zscaler.com zscaler.net netskope.com forcepoint.com barracuda.com proofpoint.com pphosted.com mimecast.com ironport.com trendmicro.com symantec.com
norton.com nortonlifelock.com mcafee.com mcafee.net trellix.com kaspersky.com kaspersky.ru kaspersky-labs.com avast.com avg.com avcdn.net avira.com bitdefender.com bitdefender.net eset.com eset.sk sophos.com sophosxl.net f-secure.com
withsecure.com gdata.de drweb.com malwarebytes.com mbamupdates.com webroot.com webrootcloudav.com crowdstrike.com sentinelone.net sentinelone.com carbonblack.io cylance.com comodo.com pandasecurity.com totalav.com scanguard.com surfshark.com
nordvpn.com expressvpn.com protonvpn.com mullvad.net windscribe.com tunnelbear.com hide.me hidemyass.com purevpn.com cyberghostvpn.com privateinternetaccess.com ipvanish.com hotspotshield.com openvpn.net wireguard.com lastpass.com
1password.com 1password.eu bitwarden.com dashlane.com keepersecurity.com okta.com oktacdn.com auth0.com onelogin.com pingidentity.com duosecurity.com duo.com authy.com yubico.com ccleaner.com piriform.com iobit.com winzip.com win-rar.com rarlab.com
7-zip.org videolan.org vlc.de winamp.com audacityteam.org gimp.org inkscape.org blender.org libreoffice.org openoffice.org wireshark.org nmap.org putty.org chiark.greenend.org.uk winscp.net filezilla-project.org notepad-plus-plus.org
foxit.com foxitsoftware.com nitropdf.com ilovepdf.com smallpdf.com pdf24.org sejda.com autodesk.com sap.com sap-ag.de workday.com myworkday.com servicenow.com service-now.com successfactors.com intuit.com quickbooks.com turbotax.com
xero.com sage.com adp.com paychex.com gusto.com docker.internal.com digicert.com sectigo.com comodoca.com globalsign.com globalsign.net entrust.net godaddy.pki ssl.com verisign.com verisign.net thawte.com geotrust.com rapidssl.com usertrust.com
certum.pl swisssign.net quovadisglobal.com identrust.com actalis.it buypass.no buypass.com amazontrust.com trust-provider.com symcb.com symcd.com starfieldtech.com startssl.com

# Monitoring of children and phones, as sold to the public
bark.us qustodio.com life360.com kidslox.com ourpact.com netnanny.com mobicip.com famisafe.com wondershare.com wondershare.net

# Advertising, analytics, consent
adnxs.com criteo.com criteo.net taboola.com outbrain.com pubmatic.com rubiconproject.com openx.net openx.com casalemedia.com indexww.com adsrvr.org thetradedesk.com mediamath.com mathtag.com rlcdn.com liveramp.com bluekai.com krxd.net demdex.net
omtrdc.net everesttech.net 2o7.net scorecardresearch.com comscore.com quantserve.com quantcast.com moatads.com doubleverify.com adsafeprotected.com iasds01.com 3lift.com sharethrough.com smartadserver.com teads.tv yieldmo.com spotxchange.com
spotx.tv freewheel.tv fwmrm.net innovid.com flashtalking.com serving-sys.com sizmek.com adform.net adition.com zemanta.com gumgum.com sovrn.com lijit.com media.net contextweb.com bidswitch.net adkernel.com admixer.net aniview.com vidazoo.com
primis.tech connatix.com jwpcdn.com jwplayer.com jwpltx.com brightcove.com brightcove.net bcove.video kaltura.com wistia.com wistia.net vidyard.com chartbeat.com chartbeat.net parsely.com parse.ly mixpanel.com amplitude.com segment.com
segment.io heap.io heapanalytics.com hotjar.com hotjar.io fullstory.com mouseflow.com crazyegg.com luckyorange.com smartlook.com matomo.cloud matomo.org piwik.pro statcounter.com histats.com yadro.ru liveinternet.ru top-fwz1.mail.ru
onetrust.com cookielaw.org trustarc.com cookiebot.com usercentrics.eu didomi.io consensu.org iubenda.com quantummetric.com optimizely.com vwo.com adjust.com kochava.com singular.net tapjoy.com applovin.com applvn.com unityads.unity3d.com
ironsrc.com vungle.com chartboost.com inmobi.com mopub.com startapp.com fyber.com smaato.com adcolony.com onesignal.com pushwoosh.com airship.com urbanairship.com braze.com leanplum.com clevertap.com moengage.com pusher.com pubnub.com ably.io
addthis.com sharethis.com addtoany.com disqus.com disquscdn.com livefyre.com bazaarvoice.com yotpo.com trustpilot.com powerreviews.com mgid.com revcontent.com adskeeper.com propellerads.com popads.net popcash.net exoclick.com exosrv.com
adsterra.com juicyads.com trafficjunky.net trafficjunky.com tsyndicate.com clickadu.com hilltopads.com clickbank.net clickbank.com cj.com shareasale.com awin1.com awin.com impact.com rakuten.com linksynergy.com tradedoubler.com
admitad.com skimresources.com viglink.com ebay.com

# Commerce and payment
ebay.co.uk ebay.de ebay.fr ebay.it ebay.es ebay.com.au ebay.ca ebaystatic.com ebayimg.com aliexpress.com alibaba.com taobao.com tmall.com jd.com pinduoduo.com temu.com shein.com wish.com etsy.com walmart.com target.com bestbuy.com costco.com
homedepot.com lowes.com ikea.com macys.com nordstrom.com kohls.com wayfair.com overstock.com newegg.com rakuten.co.jp mercadolibre.com mercadolivre.com.br mercadolibre.com.ar mercadolibre.com.mx flipkart.com myntra.com snapdeal.com
shopee.com shopee.tw shopee.co.id lazada.com tokopedia.com bukalapak.com coupang.com gmarket.co.kr 11st.co.kr zalando.com zalando.de otto.de mediamarkt.de saturn.de allegro.pl cdiscount.com fnac.com leboncoin.fr vinted.com vinted.fr
olx.com olx.pl avito.ru ozon.ru wildberries.ru dns-shop.ru marktplaats.nl bol.com coolblue.nl gumtree.com craigslist.org kijiji.ca kleinanzeigen.de willhaben.at subito.it argos.co.uk tesco.com sainsburys.co.uk johnlewis.com asos.com next.co.uk
hm.com zara.com uniqlo.com nike.com adidas.com trendyol.com hepsiburada.com n11.com sahibinden.com noon.com jumia.com takealot.com paypal.com paypal.me paypalobjects.com stripe.com stripe.network squareup.com square.site square.link
braintreegateway.com braintreepayments.com adyen.com worldpay.com klarna.com klarna.net afterpay.com affirm.com venmo.com cash.app zellepay.com wise.com transferwise.com revolut.com n26.com monzo.com skrill.com neteller.com payoneer.com
westernunion.com moneygram.com remitly.com alipay.com alipayobjects.com wechatpay.cn unionpay.com mastercard.com visa.com americanexpress.com discover.com dinersclub.com mercadopago.com pagseguro.com.br razorpay.com paytm.com phonepe.com
mollie.com gocardless.com 2checkout.com fastspring.com paddle.com gumroad.com ko-fi.com buymeacoffee.com gofundme.com kickstarter.com indiegogo.com qiwi.com yoomoney.ru

# Banks and exchanges
chase.com jpmorganchase.com jpmorgan.com bankofamerica.com bofa.com wellsfargo.com citi.com citibank.com citigroup.com usbank.com pnc.com capitalone.com truist.com tdbank.com td.com ally.com schwab.com fidelity.com vanguard.com etrade.com
robinhood.com morganstanley.com goldmansachs.com gs.com marcus.com navyfederal.org usaa.com key.com regions.com suntrust.com bbt.com citizensbank.com huntington.com fifththird.com 53.com mtb.com santanderbank.com bmo.com rbc.com
rbcroyalbank.com scotiabank.com cibc.com nbc.ca desjardins.com hsbc.com hsbc.co.uk barclays.co.uk barclays.com barclaycard.co.uk lloydsbank.com lloydsbank.co.uk halifax.co.uk bankofscotland.co.uk natwest.com rbs.co.uk santander.co.uk
santander.com nationwide.co.uk tsb.co.uk metrobankonline.co.uk starlingbank.com virginmoney.com co-operativebank.co.uk aib.ie bankofireland.com permanenttsb.ie deutsche-bank.de db.com commerzbank.de postbank.de sparkasse.de dkb.de
ing.de ing.com ing.nl comdirect.de hypovereinsbank.de unicredit.it unicreditgroup.eu volksbank.de vr.de targobank.de consorsbank.de norisbank.de berliner-sparkasse.de haspa.de bnpparibas.com bnpparibas.net societegenerale.fr
societegenerale.com credit-agricole.fr creditmutuel.fr cic.fr caisse-epargne.fr banquepopulaire.fr lcl.fr labanquepostale.fr boursorama.com boursobank.com fortuneo.fr hellobank.fr intesasanpaolo.com bancobpm.it mps.it poste.it
posteitaliane.it bbva.com bbva.es bbva.mx caixabank.es caixabank.com bankinter.com bancosabadell.com unicaja.es abanca.com kutxabank.es openbank.es cgd.pt millenniumbcp.pt novobanco.pt bancobpi.pt montepio.pt abnamro.nl abnamro.com
rabobank.nl rabobank.com snsbank.nl asnbank.nl bunq.com kbc.be kbc.com belfius.be bnpparibasfortis.be argenta.be ubs.com credit-suisse.com postfinance.ch raiffeisen.ch zkb.ch migrosbank.ch erstegroup.com sparkasse.at raiffeisen.at
bawag.at bankaustria.at oberbank.at nordea.com nordea.se nordea.fi nordea.dk nordea.no danskebank.dk danskebank.com seb.se swedbank.se swedbank.com handelsbanken.se handelsbanken.com sparebank1.no dnb.no jyskebank.dk nykredit.dk op.fi
aktia.fi pkobp.pl pekao.com.pl mbank.pl ing.pl santander.pl bnpparibas.pl millenniumbank.pl aliorbank.pl csas.cz csob.cz kb.cz moneta.cz fio.cz airbank.cz raiffeisenbank.cz rb.cz slsp.sk tatrabanka.sk vub.sk otpbank.hu kh.hu erstebank.hu
bancatransilvania.ro bcr.ro brd.ro ing.ro cec.ro dskbank.bg postbank.bg nbg.gr alphabank.gr eurobank.gr piraeusbank.gr isbank.com.tr garantibbva.com.tr akbank.com yapikredi.com.tr ziraatbank.com.tr halkbank.com.tr vakifbank.com.tr
qnb.com.tr denizbank.com sberbank.ru sber.ru vtb.ru tinkoff.ru tbank.ru alfabank.ru gazprombank.ru raiffeisen.ru rshb.ru open.ru psbank.ru privatbank.ua monobank.ua oschadbank.ua pumb.ua commbank.com.au nab.com.au westpac.com.au
anz.com.au anz.com macquarie.com bendigobank.com.au stgeorge.com.au suncorp.com.au asb.co.nz bnz.co.nz kiwibank.co.nz westpac.co.nz itau.com.br bradesco.com.br bb.com.br caixa.gov.br santander.com.br nubank.com.br inter.co
c6bank.com.br banorte.com banamex.com santander.com.mx hsbc.com.mx bancolombia.com davivienda.com bancodebogota.com bcp.com.pe viabcp.com interbank.pe bbva.pe bci.cl bancochile.cl santander.cl bancoestado.cl galicia.ar macro.com.ar
icicibank.com hdfcbank.com sbi.co.in onlinesbi.com onlinesbi.sbi axisbank.com kotak.com pnbindia.in bankofbaroda.in canarabank.com yesbank.in idfcfirstbank.com unionbankofindia.co.in icbc.com.cn ccb.com abchina.com boc.cn
bankcomm.com cmbchina.com hangseng.com bochk.com dbs.com dbs.com.sg ocbc.com uob.com.sg uobgroup.com maybank2u.com.my maybank.com cimb.com cimbclicks.com.my publicbank.com.my rhbgroup.com bca.co.id klikbca.com bankmandiri.co.id
bri.co.id bni.co.id kasikornbank.com scb.co.th bangkokbank.com krungthai.com vietcombank.com.vn bidv.com.vn techcombank.com vietinbank.vn bdo.com.ph bpi.com.ph metrobank.com.ph landbank.com mufg.jp bk.mufg.jp smbc.co.jp mizuhobank.co.jp
resonabank.co.jp rakuten-bank.co.jp jp-bank.japanpost.jp sbisec.co.jp kbstar.com shinhan.com wooribank.com kebhana.com ibk.co.kr nonghyup.com emiratesnbd.com adcb.com bankfab.com mashreqbank.com qnb.com alrajhibank.com.sa
snb.com standardbank.co.za absa.co.za fnb.co.za nedbank.co.za capitecbank.co.za gtbank.com zenithbank.com accessbankplc.com firstbanknigeria.com ubagroup.com equitybankgroup.com kcbgroup.com standardchartered.com sc.com bankhapoalim.co.il leumi.co.il

# Government, institutions, standards
usa.gov irs.gov ssa.gov nasa.gov nih.gov cdc.gov fda.gov noaa.gov weather.gov whitehouse.gov state.gov usps.com uscis.gov cisa.gov fbi.gov justice.gov senate.gov house.gov congress.gov loc.gov archives.gov medicare.gov va.gov
service.gov.uk bbc.co.uk parliament.uk europa.eu who.int un.org unesco.org unicef.org worldbank.org imf.org wto.org oecd.org nato.int icrc.org redcross.org wikipedia.org wikimedia.org wiktionary.org wikidata.org
mediawiki.org wikileaks.org wikihow.com fandom.com wikia.com britannica.com merriam-webster.com dictionary.com w3.org ietf.org icann.org iana.org ripe.net arin.net apnic.net lacnic.net afrinic.net ieee.org acm.org iso.org itu.int
creativecommons.org unicode.org openstreetmap.org arxiv.org nature.com science.org sciencedirect.com springer.com wiley.com elsevier.com tandfonline.com jstor.org researchgate.net academia.edu orcid.org doi.org crossref.org
pubmed.ncbi.nlm.nih.gov plos.org frontiersin.org mdpi.com harvard.edu mit.edu stanford.edu berkeley.edu princeton.edu yale.edu columbia.edu cornell.edu cmu.edu caltech.edu umich.edu ucla.edu washington.edu ox.ac.uk cam.ac.uk
imperial.ac.uk ucl.ac.uk ethz.ch epfl.ch tum.de fu-berlin.de tsinghua.edu.cn pku.edu.cn u-tokyo.ac.jp nus.edu.sg coursera.org edx.org udemy.com udacity.com khanacademy.org duolingo.com quizlet.com chegg.com codecademy.com w3schools.com
geeksforgeeks.org freecodecamp.org leetcode.com hackerrank.com instructure.com blackboard.com moodle.org turnitin.com gutenberg.org change.org avaaz.org amnesty.org hrw.org greenpeace.org wwf.org aclu.org antiwar.com

# News
cnn.com nytimes.com washingtonpost.com wsj.com usatoday.com latimes.com foxnews.com nbcnews.com cbsnews.com abcnews.go.com go.com npr.org pbs.org bloomberg.com reuters.com apnews.com axios.com politico.com thehill.com theatlantic.com
newyorker.com time.com newsweek.com forbes.com businessinsider.com cnbc.com marketwatch.com ft.com economist.com theguardian.com telegraph.co.uk independent.co.uk dailymail.co.uk mirror.co.uk thesun.co.uk express.co.uk metro.co.uk
thetimes.co.uk sky.com bbc.com aljazeera.com dw.com france24.com euronews.com rt.com tass.ru ria.ru interfax.ru lenta.ru kommersant.ru rbc.ru gazeta.ru kp.ru iz.ru meduza.io spiegel.de zeit.de faz.net sueddeutsche.de welt.de bild.de focus.de
stern.de n-tv.de tagesschau.de zdf.de ard.de heise.de golem.de chip.de computerbild.de derstandard.at orf.at krone.at nzz.ch 20min.ch blick.ch srf.ch lemonde.fr lefigaro.fr liberation.fr leparisien.fr lexpress.fr 20minutes.fr bfmtv.com
francetvinfo.fr ouest-france.fr repubblica.it corriere.it lastampa.it ansa.it ilsole24ore.com gazzetta.it elpais.com elmundo.es abc.es lavanguardia.com marca.com as.com elconfidencial.com 20minutos.es publico.pt expresso.pt globo.com
folha.uol.com.br estadao.com.br r7.com ig.com.br clarin.com lanacion.com.ar infobae.com eluniversal.com.mx milenio.com eltiempo.com emol.com nu.nl telegraaf.nl ad.nl nos.nl volkskrant.nl nrc.nl hln.be standaard.be lesoir.be rtl.be
aftonbladet.se expressen.se dn.se svt.se vg.no dagbladet.no nrk.no aftenposten.no dr.dk bt.dk politiken.dk yle.fi hs.fi iltalehti.fi is.fi tvn24.pl tvp.pl idnes.cz novinky.cz index.hu origo.hu hurriyet.com.tr milliyet.com.tr sozcu.com.tr
haaretz.com ynet.co.il timesofisrael.com jpost.com aljazeera.net alarabiya.net cctv.com people.com.cn xinhuanet.com chinadaily.com.cn scmp.com ifeng.com huanqiu.com asahi.com yomiuri.co.jp mainichi.jp nikkei.com nhk.or.jp
chosun.com joins.com donga.com yna.co.kr timesofindia.com hindustantimes.com thehindu.com ndtv.com indianexpress.com dawn.com straitstimes.com abc.net.au smh.com.au theage.com.au news.com.au stuff.co.nz nzherald.co.nz cbc.ca ctvnews.ca
theglobeandmail.com thestar.com nationalpost.com huffpost.com huffingtonpost.com buzzfeed.com vice.com vox.com slate.com salon.com thedailybeast.com breitbart.com drudgereport.com theverge.com wired.com arstechnica.com techcrunch.com
engadget.com gizmodo.com mashable.com zdnet.com pcmag.com pcworld.com tomshardware.com techradar.com anandtech.com theregister.com bleepingcomputer.com krebsonsecurity.com thehackernews.com slashdot.org news.ycombinator.com ycombinator.com
producthunt.com espn.com nfl.com nba.com mlb.com nhl.com fifa.com uefa.com skysports.com bleacherreport.com cricbuzz.com espncricinfo.com weather.com accuweather.com wunderground.com windy.com

# Travel, transport, health, home, jobs, people
booking.com bstatic.com expedia.com hotels.com airbnb.com muscache.com tripadvisor.com trivago.com kayak.com skyscanner.net skyscanner.com agoda.com trip.com ctrip.com priceline.com vrbo.com uber.com lyft.com grab.com bolt.eu blablacar.com
delta.com united.com aa.com southwest.com lufthansa.com britishairways.com airfrance.com klm.com ryanair.com easyjet.com emirates.com qatarairways.com turkishairlines.com bahn.de sncf.com sncf-connect.com nationalrail.co.uk trainline.com
fedex.com ups.com dhl.com dhl.de dpd.com dpd.de hermesworld.com gls-group.eu royalmail.com parcelforce.com canadapost.ca auspost.com.au laposte.fr chronopost.fr correos.es ctt.pt postnl.nl bpost.be post.ch post.at postnord.com inpost.pl
poczta-polska.pl posta.hu pochta.ru japanpost.jp epost.go.kr singpost.com aramex.com evri.com yodel.co.uk tnt.com 17track.net webmd.com mayoclinic.org healthline.com drugs.com medscape.com zocdoc.com zillow.com realtor.com redfin.com
rightmove.co.uk zoopla.co.uk immobilienscout24.de immowelt.de idealista.com seloger.com indeed.com monster.com glassdoor.com ziprecruiter.com upwork.com fiverr.com freelancer.com stepstone.de xing.com yelp.com foursquare.com opentable.com
doordash.com grubhub.com ubereats.com deliveroo.co.uk just-eat.co.uk lieferando.de swiggy.com zomato.com foodpanda.com allrecipes.com instacart.com tinder.com bumble.com okcupid.com match.com badoo.com pof.com grindr.com ancestry.com
myheritage.com familysearch.org 23andme.com nationalgeographic.com history.com discovery.com bbcgoodfood.com att.com att.net verizon.com verizon.net t-mobile.com sprint.com comcast.net comcast.com xfinity.com cox.net charter.net spectrum.net
centurylink.net frontier.com rogers.com bell.ca telus.com shaw.ca vodafone.com vodafone.de vodafone.co.uk bt.com btinternet.com virginmedia.com talktalk.co.uk ee.co.uk o2.co.uk three.co.uk telekom.de telekom.com o2online.de swisscom.ch
telefonica.com movistar.es orange.com orange.es bouyguestelecom.fr proximus.be kpn.com ziggo.nl telenet.be telia.com telia.se telenor.com tim.it windtre.it fastweb.it iliad.it mts.ru megafon.ru beeline.ru rostelecom.ru turkcell.com.tr
jio.com airtel.in bsnl.co.in chinamobile.com 10086.cn 10010.com 189.cn softbank.jp kddi.com au.com ntt.com telstra.com optus.com.au claro.com.br vivo.com.br telmex.com naturabuy.fr egun.de gunbroker.com
`;
