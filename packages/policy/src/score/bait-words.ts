/**
 * Words with which a trap asks for something: to log in, to confirm, to pay, to fetch a parcel. Several languages,
 * chosen by hand. Beside a brand they weigh; by themselves they say almost nothing, since every honest site has them.
 */
export const BAIT_WORDS: readonly string[] = (
  'login logins signin signon logon sso auth authen oauth authenticate authentication authenticator authorize ' +
  'authorization account accounts acount konto cuenta compte conta secure secured security sicher sicherheit seguro ' +
  'seguridad seguranca sicurezza securite verify verification verified verifica verificar verificacion verifizierung ' +
  'validate validation confirm confirmation confirmar bestaetigung support helpdesk helpcenter update updates ' +
  'updating aktualisierung actualizacion upgrade recover recovery restore reset unlock unblock unlocked suspended ' +
  'limited blocked billing invoice payment payments refund refunds wallet wallets token airdrop claim claims reward ' +
  'rewards giveaway bonus gift giftcard prize winner password passwort passcode credential credentials alert alerts ' +
  'alerta notification notice warning session identity kundenservice servicecenter customer clientes delivery ' +
  'redelivery parcel package tracking track shipment shipping paket colis customs webmail mailbox onlinebanking ' +
  'ebanking onlineservice onlineservices activation activate resolution dispute appeal appeals kyc connect portal ' +
  'online service services access team teams center centre customerservice web id info app apps official download oficial offiziell'
).split(' ');
