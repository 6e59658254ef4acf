/** Writes zip archives, also ones that no tool would write. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** 0 stored, 8 deflated, which is the default; anything else is only claimed. */
  readonly method?: number;
  /** Bit 0: encrypted. */
  readonly flags?: number;
  /** As the headers claim it. */
  readonly crc?: number;
  readonly size?: number;
  /** Unix mode, with the type of the file. */
  readonly mode?: number;
}

/** `shared` lets all entries of the directory point at the first file's data. */
export function zipOf(files: readonly ZipFile[], { shared = false } = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [index, file] of files.entries()) {
    const method = file.method ?? 8;
    const data = method === 0 ? Buffer.from(file.content) : deflateRawSync(file.content);
    const name = Buffer.from(file.name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(file.flags ?? 0, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(file.crc ?? crc32(file.content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(file.size ?? file.content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const at = shared ? 0 : offset;
    if (!shared || index === 0) {
      const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, name, data]);
      locals.push(local);
      offset += local.length;
    }
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), fields, tail, name]));
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, entries, end]);
}
