// imapflow_session.js HOW: goes through the mailbox and message calls of imapflow; prints one line
// for each, "ok TITLE" or "not ok TITLE", with "# " lines for what went wrong.
'use strict';
const assert = require('assert');
const { ImapFlow } = require('imapflow');

const how = process.argv[2];
const env = process.env;

function client(user, options) {
    return new ImapFlow({
        ...options,
        host: env.MOX_HOST,
        port: Number(how === 'tls' ? env.MOX_IMAPS : env.MOX_IMAP),
        secure: how === 'tls',
        doSTARTTLS: how === 'starttls',
        tls: { rejectUnauthorized: false },
        auth: { user, pass: env.MOX_PASSWORD },
        logger: false,
    });
}

function message(subject, body) {
    return Buffer.from(
        'From: =?utf-8?q?J=C3=B6rg?= <j@mox.example>\r\nTo: other@mox.example\r\n' +
            `Subject: ${subject}\r\nDate: Fri, 2 Feb 2024 07:00:00 +0000\r\n` +
            `Message-ID: <${subject.replace(/\W/g, '')}@test.example>\r\n\r\n${body}\r\n`
    );
}

const attachment = Buffer.from('attached '.repeat(100));
const multipart = Buffer.from(
    'From: j@mox.example\r\nSubject: parts\r\nMIME-Version: 1.0\r\n' +
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' +
        'gr=C3=BCn\r\n--b\r\nContent-Type: application/octet-stream; name=a.bin\r\n' +
        'Content-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
        attachment.toString('base64').replace(/.{76}/g, '$&\r\n') +
        '\r\n--b--\r\n'
);

async function text(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}

async function paths(c) {
    return (await c.list()).map((box) => box.path).sort();
}

async function flagsOf(c, range) {
    return [...(await c.fetchOne(range, { flags: true })).flags].sort();
}

const steps = {
    'capabilities and namespace': async (c) => {
        assert(c.authenticated);
        assert(c.capabilities.has('IDLE') && c.capabilities.has('MOVE'));
        assert.strictEqual(c.namespace.delimiter, '/');
        assert.strictEqual(c.usable, true);
        assert.strictEqual(c.serverInfo.name, 'moxd');
        assert(c.capabilities.has('COMPRESS=DEFLATE') && c._deflate, 'not compressed');
    },
    'mailboxCreate, list, listTree': async (c) => {
        assert.strictEqual((await c.mailboxCreate('Flow')).created, true);
        assert.strictEqual((await c.mailboxCreate('Flow')).created, false);
        assert.strictEqual((await c.mailboxCreate(['Flow', 'Grün & 漢字'])).path, 'Flow/Grün & 漢字');
        const all = await paths(c);
        assert(all.includes('INBOX') && all.includes('Flow/Grün & 漢字'), all.join());
        const uses = (await c.list()).map((box) => box.specialUse).filter(Boolean).sort();
        assert.deepStrictEqual(uses, ['\\Archive', '\\Drafts', '\\Inbox', '\\Junk', '\\Sent', '\\Trash']);
        const tree = (await c.listTree()).folders.find((folder) => folder.path === 'Flow');
        assert.strictEqual(tree.folders[0].name, 'Grün & 漢字');
    },
    'mailboxSubscribe, mailboxUnsubscribe': async (c) => {
        assert.strictEqual(await c.mailboxSubscribe('Flow'), true);
        assert((await c.list()).find((box) => box.path === 'Flow').subscribed);
        assert.strictEqual(await c.mailboxUnsubscribe('Flow'), true);
        assert(!(await c.list()).find((box) => box.path === 'Flow').subscribed);
    },
    append: async (c) => {
        for (let i = 0; i < 5; i++) {
            const info = await c.append('Flow', message(`message ${i}`, `text ${i}`), i ? ['\\Seen'] : [],
                new Date('2024-02-01T12:00:00Z'));
            assert.strictEqual(info.uid, i + 1);
            assert.strictEqual(info.destination, 'Flow');
            assert.strictEqual(typeof info.uidValidity, 'bigint');
        }
        assert.strictEqual((await c.append('Flow', multipart, ['\\Flagged', 'Custom'])).uid, 6);
    },
    'status, and of a mailbox that is not there': async (c) => {
        const status = await c.status('Flow', { messages: true, uidNext: true, uidValidity: true,
            unseen: true, recent: true });
        assert.strictEqual(status.messages, 6);
        assert.strictEqual(status.uidNext, 7);
        assert.strictEqual(status.unseen, 2);
        const none = await c.status('nowhere', { messages: true }).catch((err) => err);
        assert(none instanceof Error || none === false);
    },
    'mailboxOpen, readOnly, mailboxClose': async (c) => {
        const box = await c.mailboxOpen('Flow', { readOnly: true });
        assert.strictEqual(box.readOnly, true);
        assert.strictEqual(box.exists, 6);
        await c.mailboxClose();
        assert.strictEqual(c.mailbox, false);
        await c.mailboxOpen('Flow');
        assert.strictEqual(c.mailbox.readOnly, false);
        assert(c.mailbox.permanentFlags.has('\\*'));
        const error = await c.mailboxOpen('nowhere').catch((err) => err);
        assert.strictEqual(error.serverResponseCode, 'NONEXISTENT');
        await c.mailboxOpen('Flow');
    },
    'fetchOne, fetchAll, fetch': async (c) => {
        const one = await c.fetchOne('1', { uid: true, flags: true, envelope: true, size: true,
            internalDate: true, bodyStructure: true, headers: ['Subject'], source: true,
            bodyParts: ['TEXT', '1'] });
        assert.strictEqual(one.uid, 1);
        assert.strictEqual(one.envelope.from[0].name, 'Jörg');
        assert.strictEqual(one.envelope.subject, 'message 0');
        assert.strictEqual(one.bodyStructure.type, 'text/plain');
        assert.strictEqual(one.internalDate.toISOString(), '2024-02-01T12:00:00.000Z');
        assert.deepStrictEqual(one.source, message('message 0', 'text 0'));
        assert.strictEqual(one.size, one.source.length);
        assert.strictEqual(one.headers.toString().trim(), 'Subject: message 0');
        assert.strictEqual(one.bodyParts.get('text').toString(), 'text 0\r\n');
        assert.strictEqual((await c.fetchAll('1:*', { uid: true })).length, 6);
        const seen = [];
        for await (const msg of c.fetch('2:4', { envelope: true }, { uid: true })) {
            seen.push(msg.envelope.subject);
        }
        assert.deepStrictEqual(seen, ['message 1', 'message 2', 'message 3']);
        const structure = (await c.fetchOne('6', { bodyStructure: true })).bodyStructure;
        assert.strictEqual(structure.childNodes[1].dispositionParameters.filename, 'a.bin');
        assert.strictEqual(structure.childNodes[1].part, '2');
    },
    'download, downloadMany': async (c) => {
        const part = await c.download('6', '2');
        assert.strictEqual(part.meta.filename, 'a.bin');
        assert.deepStrictEqual(await text(part.content), attachment);
        assert.strictEqual((await text((await c.download('6', '1')).content)).toString().trim(), 'grün');
        assert.deepStrictEqual(await text((await c.download('1')).content), message('message 0', 'text 0'));
        const many = await c.downloadMany('6', ['1', '2']);
        assert.deepStrictEqual(many[2].content, attachment);
    },
    search: async (c) => {
        assert.deepStrictEqual(await c.search({ seen: false }), [1, 6]);
        assert.deepStrictEqual(await c.search({ from: 'JÖRG' }), [1, 2, 3, 4, 5]);
        assert.deepStrictEqual(await c.search({ body: 'grün' }), [6]);
        assert.deepStrictEqual(await c.search({ subject: 'message', uid: '3:*' }, { uid: true }), [3, 4, 5]);
        assert.deepStrictEqual(await c.search({ or: [{ flagged: true }, { keyword: 'custom' }] }), [6]);
        assert.deepStrictEqual(await c.search({ before: '2024-02-02', since: '2024-02-01' }), [1, 2, 3, 4, 5]);
        assert.deepStrictEqual(await c.search({ header: { 'Message-ID': 'message2@' } }), [3]);
        assert.deepStrictEqual(await c.search({ not: { all: true } }), []);
    },
    'messageFlagsAdd, Remove, Set, setFlagColor': async (c) => {
        assert(await c.messageFlagsAdd('1:2', ['\\Flagged', '$Label1']));
        assert.deepStrictEqual(await flagsOf(c, '2'), ['$label1', '\\Flagged', '\\Seen']);
        assert(await c.messageFlagsRemove({ flagged: true }, ['\\Flagged']));
        assert.deepStrictEqual(await flagsOf(c, '2'), ['$label1', '\\Seen']);
        assert(await c.messageFlagsSet('2', ['\\Answered'], { uid: true }));
        assert.deepStrictEqual(await flagsOf(c, '2'), ['\\Answered']);
        assert(await c.setFlagColor('2', 'purple'));
        assert.strictEqual((await c.fetchOne('2', { flags: true })).flagColor, 'purple');
    },
    'messageCopy, messageMove, messageDelete': async (c) => {
        const copied = await c.messageCopy('1:2', 'Flow/Grün & 漢字');
        assert.deepStrictEqual([...copied.uidMap], [[1, 1], [2, 2]]);
        const moved = await c.messageMove('3', 'Flow/Grün & 漢字', { uid: true });
        assert.deepStrictEqual([...moved.uidMap], [[3, 3]]);
        assert.strictEqual(c.mailbox.exists, 5);
        assert.strictEqual(await c.messageDelete('2'), true);
        assert.strictEqual(c.mailbox.exists, 4);
        assert.deepStrictEqual(await c.search({ all: true }, { uid: true }), [1, 4, 5, 6]);
        assert.strictEqual((await c.status('Flow/Grün & 漢字', { messages: true })).messages, 3);
    },
    'changedSince (CONDSTORE)': async (c) => {
        assert(c.enabled.has('CONDSTORE'));
        await c.mailboxOpen('Flow');
        const before = c.mailbox.highestModseq;
        assert.strictEqual((await c.status('Flow', { highestModseq: true })).highestModseq, before);
        await c.messageFlagsAdd('4', ['\\Answered'], { uid: true });
        const found = [];
        for await (const m of c.fetch('1:*', { flags: true }, { changedSince: before })) {
            assert(m.modseq > before);
            found.push(m.uid);
        }
        assert.deepStrictEqual(found, [4]);
        await c.messageFlagsRemove('4', ['\\Answered'], { uid: true });
    },
    'a second visit (QRESYNC)': async (c) => {
        await c.mailboxOpen('Flow');
        const { uidValidity, highestModseq } = c.mailbox;
        const other = client('mjl@mox.example', { qresync: true });
        await other.connect();
        assert(other.enabled.has('QRESYNC'));
        const vanished = [], flags = [];
        other.on('expunge', (event) => vanished.push([event.uid, event.earlier]));
        other.on('flags', (event) => flags.push([event.uid, [...event.flags]]));
        await c.append('Flow', message('gone', 'x'));
        await c.messageDelete('5,7', { uid: true });
        await c.messageFlagsAdd('6', ['\\Answered'], { uid: true });
        await other.mailboxOpen('Flow', { changedSince: highestModseq, uidValidity });
        assert.strictEqual(other.mailbox.qresync, true);
        assert.strictEqual(other.mailbox.exists, 3);
        assert.deepStrictEqual(vanished, [[5, true], [7, true]]);
        assert.deepStrictEqual(flags.map((flag) => flag[0]), [6]);
        assert(flags[0][1].includes('\\Answered'));
        vanished.length = 0;
        await c.messageDelete('4', { uid: true });
        await other.noop();
        assert.deepStrictEqual(vanished, [[4, false]]);
        await other.logout();
    },
    'getMailboxLock': async (c) => {
        const lock = await c.getMailboxLock('Flow/Grün & 漢字');
        assert.strictEqual(c.mailbox.exists, 3);
        lock.release();
        const error = await c.getMailboxLock('nowhere').catch((err) => err);
        assert.strictEqual(error.mailboxMissing, true);
    },
    'mailboxRename, mailboxDelete': async (c) => {
        assert.strictEqual((await c.mailboxRename('Flow', 'Stream')).newPath, 'Stream');
        const all = await paths(c);
        assert(all.includes('Stream/Grün & 漢字') && !all.includes('Flow'), all.join());
        await c.mailboxDelete('Stream/Grün & 漢字');
        await c.mailboxDelete('Stream');
        assert(!(await paths(c)).some((path) => path.startsWith('Stream')));
    },
    'noop, getQuota': async (c) => {
        await c.noop();
        const { storage } = await c.getQuota('INBOX');
        assert.strictEqual(storage.limit, 100 << 20);
        assert(storage.usage < storage.limit, storage.usage);
    },
    'a new message through idle within a second': async (c) => {
        await c.mailboxOpen('INBOX');
        const other = client('mjl@mox.example');
        await other.connect();
        const idle = c.idle();
        const waits = [];
        for (let i = 1; i <= 10; i++) {
            const seen = new Promise((resolve) => c.once('exists', (event) => resolve([Date.now(), event])));
            await other.append('INBOX', message(`idle ${i}`, 'x'));
            const acknowledged = Date.now();
            const [at, event] = await seen;
            assert.strictEqual(event.count, event.prevCount + 1);
            waits.push(at - acknowledged);
        }
        assert(Math.max(...waits) < 1000, `waited ${waits} ms`);
        const flags = new Promise((resolve) => c.once('flags', resolve));
        await other.mailboxOpen('INBOX');
        await other.messageFlagsAdd('*', ['\\Flagged']);
        assert((await flags).flags.has('\\Flagged'));
        const expunge = new Promise((resolve) => c.once('expunge', resolve));
        await other.messageDelete('1');
        assert.strictEqual((await expunge).seq, 1);
        await other.logout();
        await c.noop();
        await idle;
    },
};

async function main() {
    const c = client('mjl@mox.example');
    c.on('error', (err) => console.log(`# ${err.stack.replace(/\n/g, '\n# ')}`));
    await c.connect();
    assert.strictEqual(Boolean(c.secureConnection), how !== 'plain');
    for (const [title, step] of Object.entries(steps)) {
        try {
            await step(c);
            console.log(`ok ${title}`);
        } catch (err) {
            console.log(`not ok ${title}`);
            console.log(`# ${err.stack.replace(/\n/g, '\n# ')}`);
        }
    }
    await c.logout();
}

main().catch((err) => {
    console.log('not ok connected, and ended');
    console.log(`# ${err.stack.replace(/\n/g, '\n# ')}`);
    process.exit(1);
});
