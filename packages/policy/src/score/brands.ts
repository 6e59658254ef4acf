/**
 * Names that phishing imitates most, and the registrable domains under which they are genuine. Ours, from common
 * knowledge of who owns what; no list was copied.
 *
 * One line a brand: its label, then its domains. Easy to get wrong: `~` before the label marks one that is also a
 * word, a short form or part of other words (`chase` in `purchase`). Such a brand is looked for only between hyphens
 * and dots, and never by edit distance. `+` marks one whose name companies give to hosts of their own
 * (`github.example.com`). `!` marks names of hosts behind a brand's own log-in pages, which nobody else has a use for: a proxy
 * that passes a log-in page on has to copy them. `brand.com` with a country or general suffix is taken for genuine without
 * being listed (suffixes.ts says which suffixes are not).
 */
export const BRAND_LINES: readonly string[] = `
paypay paypay.ne.jp paypay-card.co.jp paypay-bank.co.jp
paypal paypal.com paypal.me paypalobjects.com paypal-corp.com paypalcorp.com paypalinc.com paypal-community.com paypal-engineering.com paypal-knowledge.com paypal-prepaid.com thepaypalblog.com paypal-mktg.com paypalbenefits.com
venmo venmo.com
~stripe stripe.com stripe.network stripecdn.com
~square squareup.com square.link squarecdn.com
squareup squareup.com
cashapp cash.app cashapp.com
payoneer payoneer.com
skrill skrill.com
neteller neteller.com
zelle zellepay.com
~wise wise.com transferwise.com
transferwise wise.com
revolut revolut.com revolut.me
klarna klarna.com klarnacdn.net klarnaservices.com klarna.net
afterpay afterpay.com
alipay alipay.com alipayobjects.com alipayplus.com alipay-eco.com
mercadopago mercadopago.com mercadopago.com.ar mercadopago.com.br mercadopago.com.mx
mercadolibre mercadolibre.com mercadolibre.com.ar mercadolibre.com.mx mercadolibre.com.co
mercadolivre mercadolivre.com.br
westernunion westernunion.com
moneygram moneygram.com
mastercard mastercard.com mastercard.us mastercardservices.com mastercardconnect.com
americanexpress americanexpress.com americanexpress.io aexp-static.com amexnetwork.com
~amex amex.com americanexpress.com
~visa visa.com visaonline.com
~discover discover.com discovercard.com
wellsfargo wellsfargo.com wellsfargoadvisors.com wellsfargomedia.com wf.com
bankofamerica bankofamerica.com bofa.com bac.com bankofamericamerchant.com
~chase chase.com jpmorganchase.com
jpmorgan jpmorgan.com jpmorganchase.com jpmchase.com
~citi citi.com citibank.com citigroup.com
~citibank citibank.com citi.com citibankonline.com citibank.co.in citibankonline.ca
capitalone capitalone.com capitalone.co.uk capitaloneshopping.com capitalonebank.com capitaloneinvesting.com capitalonecareers.com
~usbank usbank.com
~truist truist.com
~usaa usaa.com
navyfederal navyfederal.org
~schwab schwab.com schwabcdn.com
~fidelity fidelity.com
~vanguard vanguard.com
robinhood robinhood.com
goldmansachs goldmansachs.com
morganstanley morganstanley.com morganstanleyclientserv.com
barclays barclays.com barclays.co.uk barclaysbank.com
barclaycard barclaycard.co.uk barclaycardus.com barclaycard.com barclaycardrewards.com
~hsbc hsbc.com hsbc.co.uk hsbcnet.com
~lloyds lloydsbank.com lloydsbank.co.uk lloydsbankinggroup.com
lloydsbank lloydsbank.com lloydsbank.co.uk lloydsbankbusiness.com lloydsbankinggroup.com lloydsbankcommercial.com
natwest natwest.com natwestgroup.com
~halifax halifax.co.uk
~nationwide nationwide.co.uk nationwide.com
santander santander.com santander.co.uk santanderbank.com santander.com.br santander.cl santanderrio.com.ar santanderconsumer.com
~monzo monzo.com
~starling starlingbank.com
deutschebank db.com deutsche-bank.de deutschebank.co.in
commerzbank commerzbank.de commerzbank.com commerzbanking.de
~sparkasse sparkasse.de
~volksbank volksbank.de volksbank.com
~postbank postbank.de
comdirect comdirect.de
~consorsbank consorsbank.de
~ing ing.com ing.de ing.nl ing.be ing.es ing.it ing.com.au ing.pl
rabobank rabobank.nl rabobank.com
~abnamro abnamro.nl abnamro.com
bnpparibas bnpparibas.com bnpparibas.net mabanque.bnpparibas bnpparibasfortis.be bnpparibas-am.com bnpparibascardif.com bnpparibas-pf.fr
creditagricole credit-agricole.fr creditagricole.com
societegenerale societegenerale.com societegenerale.fr
labanquepostale labanquepostale.fr
boursorama boursorama.com boursobank.com boursorama-banque.com
~caixabank caixabank.es caixabank.com caixabank.cat
~bbva bbva.com bbva.es bbva.mx bbva.com.ar
~sabadell bancsabadell.com
~bankinter bankinter.com
intesasanpaolo intesasanpaolo.com intesasanpaolobank.ro
unicredit unicredit.it unicredit.eu unicreditgroup.eu
posteitaliane poste.it posteitaliane.it
postfinance postfinance.ch
raiffeisen raiffeisen.ch raiffeisen.at raiffeisen.ru
swedbank swedbank.se swedbank.lt swedbank.ee
~nordea nordea.com nordea.fi nordea.se nordea.dk
handelsbanken handelsbanken.se handelsbanken.com
danskebank danskebank.dk danskebank.com
~itau itau.com.br
bradesco bradesco.com.br bradesco
~nubank nubank.com.br
bancodobrasil bb.com.br
bancolombia bancolombia.com grupobancolombia.com
davivienda davivienda.com
~banorte banorte.com
sberbank sberbank.ru sberbank.com
tinkoff tinkoff.ru tbank.ru
~hdfcbank hdfcbank.com
icicibank icicibank.com
~axisbank axisbank.com
~commbank commbank.com.au
~westpac westpac.com.au
~nab nab.com.au
~anz anz.com anz.com.au
scotiabank scotiabank.com
~tdbank tdbank.com
royalbank royalbank.com rbc.com rbcroyalbank.com
rbcroyalbank rbcroyalbank.com
desjardins desjardins.com
~interac interac.ca
~dbs dbs.com dbs.com.sg
~maybank maybank.com maybank2u.com.my
~absa absa.co.za absa.africa
standardbank standardbank.co.za standardbank.com
~capitec capitecbank.co.za
microsoft microsoft.com microsoftonline.com microsoftonline-p.com microsoftonline-p.net microsoftstore.com microsoftstream.com microsoftpersonalcontent.com microsoftazuread-sso.com microsoftonline.cn microsoftadvertising.com microsofttranslator.com microsoftedgeinsider.com microsoftazure.com microsoftcloud.com microsoftapp.net microsoftcasualgames.com microsoftinternetsafety.net microsoft365.com live.com msn.com bing.com msecnd.net msedge.net live.net outlook.com
!msftauth msftauth.net msftauthimages.net
!msauth msauth.net msauthimages.net
!aadcdn msauth.net msftauth.net
!paypalobjects paypalobjects.com
!oktacdn oktacdn.com
!idmsa apple.com
!cdninstagram cdninstagram.com
!duosecurity duosecurity.com
!microsoftonline microsoftonline.com
~windows windows.com windows.net windowsupdate.com windowsazure.com windowsphone.com windows-int.net
!windowsupdate windowsupdate.com
+office365 office365.com microsoft365.com office.com
~office office.com office.net
~outlook outlook.com outlookmobile.com outlook.office365.com
~hotmail hotmail.com
onedrive onedrive.com 1drv.com
+sharepoint sharepoint.com sharepointonline.com sharepoint.cn sharepoint-df.com
~azure azure.com azure.net azureedge.net azurewebsites.net azure-api.net azure-devices.net azurefd.net azure.cn azure.us
~skype skype.com skypeassets.com
~xbox xbox.com xboxlive.com xboxservices.com
+linkedin linkedin.com licdn.com linkedin.cn linkedin.at
+github github.com github.io githubassets.com githubusercontent.com githubapp.com githubcopilot.com githubstatus.com github.blog github.dev githubnext.com github.link
+google google.com googleapis.com googleusercontent.com googlevideo.com googletagmanager.com google-analytics.com googlesyndication.com googleadservices.com googletagservices.com googlecode.com googlesource.com googlegroups.com googlemail.com googleblog.com googlezip.net googledomains.com googleoptimize.com googlehosted.com googlelabs.com googlestore.com googll.store googleapps.com google.org googleweblight.com googlebot.com googlecommerce.com googledrive.com googleearth.com googlemaps.com googleplay.com googlescholar.com googlesites.com googlehangouts.com googleprojectzero.com googleforveterans.com googleworkspace.com googletraveladservices.com
~gmail gmail.com
+youtube youtube.com youtu.be youtube-nocookie.com youtubekids.com youtubeeducation.com youtubegaming.com youtubego.com youtubemobilesupport.com youtubefanfest.com yt.be
~android android.com androidify.com
~blogger blogger.com
~apple apple.com apple.news apple-cloudkit.com apple-dns.net apple-mapkit.com apple.com.cn applecard.apple appleid.com apple-livephotoskit.com aaplimg.com
!appleid apple.com appleid.com
~icloud icloud.com icloud-content.com icloud.com.cn icloud.net icloud-sandbox.com
~itunes itunes.com
~iphone iphone.com apple.com
~amazon amazon.com amazonaws.com amazon.co.uk amazon.de amazon-adsystem.com amazontrust.com amazonvideo.com amazonpay.com amazonalexa.com amazonses.com amazonsilk.com amazonappservices.com amazoncognito.com amazonbusiness.com amazonwebapps.com amazon.dev amazonmusic.com amazonbrowserapp.com amazonlinux.com amazoncrl.com amazonforum.com amazonlogistics.eu amazon.jobs
amazonaws amazonaws.com amazonaws.com.cn
primevideo primevideo.com
~audible audible.com
~twitch twitch.tv twitchcdn.net twitchsvc.net
+cloudflare cloudflare.com cloudflare.net cloudflare-dns.com cloudflareinsights.com cloudflarestream.com cloudflareaccess.com cloudflareclient.com cloudflareresolve.com cloudflare-gateway.com cloudflareapps.com cloudflarestatus.com cloudflareworkers.com cloudflarestorage.com cloudflare-ipfs.com cloudflare-ech.com cloudflarecp.com cloudflare-eth.com cloudflare-quic.com cloudflare-cn.com cloudflareperf.com cloudflareprod.com cloudflare-terms-of-service-abuse.com
+digitalocean digitalocean.com digitaloceanspaces.com
dropbox dropbox.com dropboxusercontent.com dropboxapi.com dropboxstatic.com dropboxforum.com dropboxbusiness.com dropbox-dns.com dropboxpartners.com dropboxcaptcha.com
+docusign docusign.com docusign.net
~adobe adobe.com adobe.io adobelogin.com adobedtm.com adobecc.com adobess.com adobestats.io adobejanus.com adobeoobe.com adobesc.com adobeaemcloud.com
wetransfer wetransfer.com wetransfer.net
+salesforce salesforce.com salesforceliveagent.com salesforce-sites.com salesforce-experience.com salesforce-setup.com salesforce-scrt.com salesforceiq.com salesforce-communities.com salesforceusercontent.com salesforce.org salesforce-hub.com
+servicenow servicenow.com
+okta okta.com oktacdn.com okta-emea.com oktapreview.com
~duo duo.com duosecurity.com
+atlassian atlassian.com atlassian.net
~zoom zoom.us zoom.com zoomgov.com
~slack slack.com slack-edge.com slackb.com
~webex webex.com
+godaddy godaddy.com godaddysites.com
+namecheap namecheap.com
~wix wix.com wixsite.com wixstatic.com
+wordpress wordpress.com wordpress.org wordpress.net wordpress.tv wordpressfoundation.org
+shopify shopify.com shopifycdn.com shopifysvc.com shopifycloud.com shopifyapps.com shopifypreview.com shopify.dev shopifyinc.com
+hubspot hubspot.com hubspot.net hubspotemail.net hubspotusercontent.com
+mailchimp mailchimp.com mailchimpapp.com mailchimpsites.com
~intuit intuit.com
quickbooks intuit.com quickbooks.com
turbotax intuit.com turbotax.com
~yahoo yahoo.com yahooapis.com yahoo.co.jp yahoo.net yahoodns.net yahooinc.com yahoosandbox.com yahoosmallbusiness.com
~aol aol.com
protonmail proton.me protonmail.com protonmail.ch
~zimbra zimbra.com
+roundcube roundcube.net
~comcast comcast.com comcast.net
+xfinity xfinity.com
+verizon verizon.com verizonwireless.com verizonmedia.com verizonenterprise.com verizonbusiness.com
~vodafone vodafone.com vodafone.de vodafone.it
~tmobile t-mobile.com
~telekom telekom.de telekom.com
~telstra telstra.com telstra.com.au
~swisscom swisscom.ch swisscom.com
~orange orange.fr orange.com
+facebook facebook.com facebook.net facebookmail.com facebookcorewwwi.onion facebookblueprint.com facebookbrand.com facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion facebookvirtualassistant.com facebookportal.com facebookenterprise.com facebook-hardware.com facebookrecruiting.com facebook-program.com
!fbcdn fbcdn.net fbcdn.com
~meta meta.com
~messenger messenger.com
instagram instagram.com cdninstagram.com instagram-brand.com instagram-engineering.com instagram-press.com
whatsapp whatsapp.com whatsapp.net whatsappbrand.com whatsapp-plus.net
+telegram telegram.org telegram.me t.me telegram.dog telegram-cdn.org telegram.space telegram.art telegra.ph
~signal signal.org
~discord discord.com discord.gg discordapp.com discordapp.net discord.media discord.gift discordstatus.com discordmerch.com discordsays.com
snapchat snapchat.com
tiktok tiktok.com tiktokcdn.com tiktokv.com tiktokcdn-us.com tiktokv.us tiktokcdn-eu.com tiktokw.us tiktokv.eu tiktokw.eu tiktokd.org tiktokd.net tiktokrow-cdn.com tiktokshop.com tiktokglobalshop.com tiktok-row.net tiktokeu-cdn.com tiktok-shops.com
~twitter twitter.com twimg.com
pinterest pinterest.com pinterest.co.uk pinterestmail.com pinterest.engineering
~reddit reddit.com redd.it redditmedia.com redditstatic.com
~tumblr tumblr.com
vkontakte vk.com vkontakte.ru
odnoklassniki ok.ru odnoklassniki.ru
~wechat wechat.com
~line line.me
~tinder tinder.com gotinder.com
onlyfans onlyfans.com
netflix netflix.com nflxext.com nflximg.net nflxso.net nflxvideo.net netflix.net netflixstudios.com netflixinvestor.com netflixhouse.com
disneyplus disneyplus.com
~disney disney.com disneyplus.com
~hulu hulu.com
spotify spotify.com spotifycdn.com spotifycdn.net spotify.net spotify.design spotifycharts.com spotify.link spotifyforbrands.com spotifyforartists.com spotifyforvendors.com
~steam steampowered.com steamcommunity.com steamstatic.com steamcontent.com steamusercontent.com steamgames.com
steampowered steampowered.com
!steamcommunity steamcommunity.com
epicgames epicgames.com epicgames.dev epicgamesonline.com
fortnite fortnite.com epicgames.com
roblox roblox.com rbxcdn.com robloxlabs.com robloxdev.com
+minecraft minecraft.net minecraftservices.com minecraft-services.net
playstation playstation.com playstation.net playstationnetwork.com
~nintendo nintendo.com nintendo.net nintendo.co.jp nintendowifi.net nintendoswitch.com
~riotgames riotgames.com
leagueoflegends leagueoflegends.com
~blizzard blizzard.com battle.net
ubisoft ubisoft.com ubisoftconnect.com
~ebay ebay.com ebaystatic.com ebayimg.com ebayinc.com ebaykleinanzeigen.de ebayrtm.com ebay-us.com ebaydesc.com ebaycdn.net
kleinanzeigen kleinanzeigen.de ebay-kleinanzeigen.de
~leboncoin leboncoin.fr
~wallapop wallapop.com
~vinted vinted.com vinted.fr
~etsy etsy.com etsystatic.com
aliexpress aliexpress.com aliexpress.us aliexpress.ru aliexpress-media.com aliexpress-cdn.com
alibaba alibaba.com alibabacloud.com alibabadns.com alibabagroup.com alibabausercontent.com alibabacorp.com alibaba-inc.com alibabachengdun.com alibabacloud.co.in
~taobao taobao.com taobaocdn.com
~lazada lazada.com
~shopee shopee.com shopeemobile.com
~flipkart flipkart.com flipkart.net
walmart walmart.com walmartimages.com walmart.ca walmartcorporate.com walmartmobile.com walmartone.com walmartstores.com walmartlabs.com walmart.com.mx
~target target.com
~costco costco.com
bestbuy bestbuy.com bestbuy.ca
homedepot homedepot.com homedepot.ca homedepot-static.com
~ikea ikea.com ikea.net
zalando zalando.de zalando.com zalando.net zalando-lounge.de zalando-lounge.com zalando-prive.it
airbnb airbnb.com airbnb.co.uk airbnbmail.com airbnb.org airbnb-aws.com airbnb.design
~booking booking.com booking.cn
expedia expedia.com expediagroup.com expediapartnercentral.com expedia-aarp.com expediataap.com expediamail.com
tripadvisor tripadvisor.com tripadvisor.co.uk tripadvisorsupport.com
~uber uber.com ubereats.com uberinternal.com
~blablacar blablacar.fr blablacar.com
~dhl dhl.com dhl.de dhlecommerce.com dhl-geschaeftskunden.de
fedex fedex.com fedexcup.com
~ups ups.com
~usps usps.com usps.gov
~dpd dpd.com dpd.co.uk dpd.de dpdgroup.com
~hermes myhermes.co.uk myhermes.de hermesworld.com
~evri evri.com
royalmail royalmail.com royalmailgroup.com
parcelforce parcelforce.com
auspost auspost.com.au
canadapost canadapost.ca canadapost-postescanada.ca
swisspost post.ch swisspost.ch
~postnl postnl.nl postnl.be
~bpost bpost.be
~laposte laposte.fr laposte.net
chronopost chronopost.fr chronopost.com
colissimo colissimo.fr laposte.fr
mondialrelay mondialrelay.fr mondialrelay.com
~correos correos.es correos.cl
correios correios.com.br
~inpost inpost.pl inpost.com inpost.it
packeta packeta.com
~postnord postnord.com postnord.se
purolator purolator.com
~sagawa sagawa-exp.co.jp
binance binance.com binance.us binance.org binance.vision binance.charity binance.info binance.me binance.cloud binancecnt.com binance.je binance.cc binance.bz binance.im binance.sg binance.th binance.tr binanceapi.com binancezh.com
coinbase coinbase.com coinbasecustody.com coinbasecloud.net coinbasecommerce.com coinbase-corp.com coinbaseprime.com
~kraken kraken.com
kucoin kucoin.com kucoin.plus
bybit bybit.com bybit.eu bybitglobal.com
~okx okx.com
bitfinex bitfinex.com
bitstamp bitstamp.net
~gemini gemini.com
~crypto crypto.com
~huobi huobi.com
metamask metamask.io
trustwallet trustwallet.com
~ledger ledger.com
ledgerlive ledger.com
trezor trezor.io
~phantom phantom.app phantom.com
~exodus exodus.com exodus.io
~blockchain blockchain.com blockchain.info
myetherwallet myetherwallet.com
walletconnect walletconnect.com walletconnect.org walletconnect.network
uniswap uniswap.org
pancakeswap pancakeswap.finance
opensea opensea.io
etherscan etherscan.io
coinmarketcap coinmarketcap.com
coingecko coingecko.com
bitpay bitpay.com
electrum electrum.org
~localbitcoins localbitcoins.com
~irs irs.gov
~hmrc hmrc.gov.uk
~ameli ameli.fr
~impots impots.gouv.fr
franceconnect franceconnect.gouv.fr
~elster elster.de
bundesbank bundesbank.de
agenziaentrate agenziaentrate.gov.it agenziaentrate.it
~inps inps.it
~digid digid.nl
mijnoverheid mijnoverheid.nl
~mygov my.gov.au
~medicare medicare.gov
~sunpass sunpass.com
~ezpass e-zpass.com
gosuslugi gosuslugi.ru
~aadhaar uidai.gov.in
+yandex yandex.ru yandex.com yandex.net yandex.cloud yandexcloud.net yandex-team.ru yandexadexchange.net yandexmetrica.com yandex.st yandexdataschool.ru
~baidu baidu.com
~tencent tencent.com
+huawei huawei.com
+samsung samsung.com samsungcloud.com samsungapps.com samsungdm.com samsungcloudsolution.com samsungelectronics.com
~norton norton.com
~mcafee mcafee.com
+kaspersky kaspersky.com kaspersky.ru kaspersky-labs.com kasperskylab.com kaspersky.co.uk kaspersky.fr kasperskycontenthub.com
malwarebytes malwarebytes.com malwarebytes.org
+bitdefender bitdefender.com bitdefender.net bitdefender.fr
+teamviewer teamviewer.com teamviewer.cn teamviewer.us
+anydesk anydesk.com anydesk.com.cn
+openai openai.com oaistatic.com oaiusercontent.com
+chatgpt chatgpt.com openai.com chatgptusercontent.com
nordvpn nordvpn.com
+lastpass lastpass.com
+1password 1password.com 1password.ca 1password.eu
+bitwarden bitwarden.com bitwarden.eu
mimecast mimecast.com
+proofpoint proofpoint.com proofpoint.us
+citrix citrix.com citrix.net citrixonline.com citrixcloud.com citrixdata.com
+fortinet fortinet.com fortinet.net
~cisco cisco.com ciscospark.com ciscosecure.com
~oracle oracle.com oraclecloud.com oracleinfinity.io oracle-ocna.com oraclecloud.net
~airfrance airfrance.fr airfrance.com
lufthansa lufthansa.com lufthansagroup.com lufthansa-group.com lufthansa-cargo.com lufthansa-technik.com
ryanair ryanair.com
~emirates emirates.com
carrefour carrefour.fr carrefour.com
~lidl lidl.de lidl.com
`
  .trim()
  .split('\n');

/** Words and other companies that are spelled nearly like a brand, or look like one. */
export const HONEST_NEIGHBOURS: readonly string[] = (
  'amazonas amazonia wmtransfer telegraf telegrafo telegraph telegrama telegrams citicbank citybank combank bancobrasil blockchair openapi revolt ' +
  'interact interacts allpay 1cloud bitplay samsun'
).split(' ');
