import { createStarLab } from '@sallyport/lab/topology';
import { startNginx } from '@sallyport/lab/nginx';
const arms: Record<string,string[][]> = JSON.parse(process.env['ARMS']!);
const names=Object.keys(arms);
await using lab = await createStarLab(names,{serverAddresses:16});
await using nginx = await startNginx(lab.server.namespace, {subjects:['good.example']});
for (const [i,c] of lab.clients.entries()){ await c.namespace.must(['sysctl','-qw','net.ipv4.tcp_tw_reuse=1','net.ipv4.ip_local_port_range=1024 65000']); for(const cmd of arms[names[i]!]!) await c.namespace.must(cmd as any);}
let k=0; const runs:any={};
for(let r=0;r<Number(process.env['N']??5);r++) for(const [i,c] of lab.clients.entries()){ const a=lab.server.addresses[k++%16]!.v4; const o=await c.namespace.must(['wrk','-t1','-c16','-d2s','-H','Connection: close',`http://${a}/`]); (runs[names[i]!]??=[]).push(Number(/Requests\/sec:\s+([\d.]+)/.exec(o)![1]));}
const med=(x:number[])=>[...x].sort((a,b)=>a-b)[x.length>>1]!;
for(const n of names) console.log(n.padEnd(12), med(runs[n]).toFixed(0), (med(runs[n])/med(runs[names[0]!])).toFixed(3), runs[n].map((x:number)=>x.toFixed(0)).join(' '));
process.exit(0);
