/**
 * What stands at the end of a name, as far as the score needs it: public suffixes of more than one label, suffixes
 * under which anybody gets a name for nothing, cheap top-level domains, and delivery networks.
 *
 * Not the Public Suffix List, which the gate does not hold: a suffix missing here makes the score look at the wrong
 * label (`shop.gen.xx` instead of the label before it), which loses a finding and seldom invents one.
 */

const ALL = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Second-level labels under which countries register names (`co.uk`, `com.br`); only under two-letter domains. */
export const SECOND_LEVEL_LABELS = ALL(`
co com net org gov gob gouv go edu ac ad ed gr lg ne or nom web info biz mil sch k12 plc ltd me id gen firm ind res nic
re pe kr name pro tv idv game ebiz club asso prd tm blog eco art adv log ltda my in eu
`);

/** Provinces and cities under which a country registers names. */
export const TWO_LABEL_SUFFIXES = ALL(`
bj.cn sh.cn tj.cn cq.cn he.cn sx.cn nm.cn ln.cn jl.cn hl.cn js.cn zj.cn ah.cn fj.cn jx.cn sd.cn ha.cn hb.cn hn.cn gd.cn
gx.cn hi.cn sc.cn gz.cn yn.cn xz.cn sn.cn gs.cn qh.cn nx.cn xj.cn msk.ru spb.ru nov.ru kiev.ua kyiv.ua lviv.ua odessa.ua
od.ua kh.ua dp.ua zp.ua sp.gov.br waw.pl krakow.pl wroclaw.pl asn.au conf.au
`);

/** Registered by anybody at no cost, or handed out by a hosting or tunnel provider. */
export const HOSTING_SUFFIXES = ALL(`
github.io gitlab.io pages.dev workers.dev netlify.app vercel.app web.app firebaseapp.com herokuapp.com
onrender.com fly.dev surge.sh glitch.me repl.co replit.app replit.dev render.com railway.app deno.dev
blogspot.com blogspot.co.uk blogspot.de blogspot.fr wordpress.com weebly.com wixsite.com wixstudio.com webflow.io
square.site godaddysites.com myshopify.com webador.com jimdosite.com jimdofree.com strikingly.com mystrikingly.com
carrd.co typedream.app framer.app framer.website framer.ai notion.site gitbook.io tiiny.site bubbleapps.io
000webhostapp.com infinityfreeapp.com epizy.com rf.gd altervista.org byethost7.com 42web.io great-site.net
duckdns.org ddns.net no-ip.org no-ip.biz no-ip.info hopto.org zapto.org sytes.net servebeer.com servehttp.com
serveftp.com myftp.org myftp.biz redirectme.net dynu.net dynv6.net freeddns.org mydns.jp ddnsfree.com camdvr.org
publicvm.com linkpc.net kozow.com loseyourip.com accesscam.org theworkpc.com mywire.org webredirect.org
nip.io sslip.io xip.io ngrok.io ngrok.app ngrok-free.app ngrok-free.dev trycloudflare.com loca.lt serveo.net
translate.goog azurewebsites.net azurestaticapps.net blob.core.windows.net web.core.windows.net cloudapp.azure.com
s3.amazonaws.com elasticbeanstalk.com amplifyapp.com cloudfront.net r2.dev lovable.app base44.app myftpupload.com
cprapid.com plesk.page temp.site wcomhost.com my.id eu.org us.com uk.com de.com co.com gb.net eu.com sa.com za.com
ru.com br.com cn.com jpn.com web.id biz.id my.canva.site canva.site
`);

/** Where, of the names registered, unusually many are traps. Weak: most names there are honest. */
export const CHEAP_TOP_LEVEL_DOMAINS = ALL(`
xyz top click icu online site shop live store space website club fun cfd sbs cyou rest bond quest buzz monster lat
beauty hair skin makeup autos boats homes lol pics mom uno best win bid loan men date racing review stream party
trade download science accountant cricket faith gdn work help support host press digital life today world vip ink
link one pro ltd wiki zip mov cam cc tk ml ga cf gq pw su ws pictures agency services center email tech
finance money cash fund credit bar fit zone foundation solutions systems cloud network asia mobi
`);

/** Of the brands themselves; nobody else registers there. */
export const BRAND_TOP_LEVEL_DOMAINS = ALL(`
google goog youtube gmail android chrome nexus apple amazon aws audible kindle prime twitch imdb fire silk microsoft
windows office azure xbox skype bing hotmail barclays barclaycard hsbc bnpparibas bradesco itau ing abbott dhl fedex
netflix samsung cisco sony audi bmw citi chase jpmorgan visa americanexpress amex discover
sncf lidl walmart target ubs yahoo aol yandex alibaba taobao alipay tmall weber mcd oracle norton deloitte sbi
bbva aig allstate aramco axa leclerc orange telecity swatch abc bbc cbs nba nfl
`);

/** Networks and services that answer under their customers' names (`paypal.com.edgekey.net`, `apple.zendesk.com`). */
export const CUSTOMER_NAMED_DOMAINS = ALL(`
akadns.net akamai.net akamaiedge.net akamaized.net akamaihd.net akahost.net edgekey.net edgesuite.net akamaistream.net
srip.net cloudfront.net fastly.net fastlylb.net trafficmanager.net azureedge.net azurefd.net cdn77.org cdn77.net
cloudflare.net footprint.net llnwd.net lldns.net edgecastcdn.net systemcdn.net stackpathdns.com b-cdn.net cdngc.net
chinacache.net wscdns.com wsdvs.com wswebpic.com kunlunar.com kunluncan.com ourdvs.com qbox.me alikunlun.com
incapdns.net impervadns.net gslb.com nsone.net omtrdc.net 2o7.net demdex.net sc-static.net eloqua.com
zendesk.com okta.com onelogin.com auth0.com atlassian.net slack.com sharepoint.com my.site.com force.com
salesforce.com service-now.com workday.com myworkday.com myworkdayjobs.com qualtrics.com medallia.com statuspage.io
uservoice.com freshdesk.com intercom.help gitbook.io readme.io helpscoutdocs.com canny.io launchdarkly.com
greenhouse.io lever.co smartrecruiters.com icims.com taleo.net jobvite.com ashbyhq.com avature.net eightfold.ai
emltrk.com sendgrid.net exacttarget.com mktoweb.com marketo.com pardot.com hubspotpagebuilder.com bitly.com
fandom.com wikia.com stackexchange.com tumblr.com livejournal.com slashdot.org sourceforge.net reddit.com
archive.org web.archive.org githubusercontent.com jfrog.io npmjs.org debian.org ubuntu.com
awsdns.com dnsmadeeasy.com ultradns.net verisigndns.com in-addr.arpa ip6.arpa
`);

/** Top-level or second-level labels of schools (`.edu`, `.ac.uk`). */
export const EDUCATION_LABELS = ALL('edu ac');
