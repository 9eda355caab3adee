/* A PassThru library (SAE J2534-1:2004, API 04.04) with a control unit inside, for the tests.
 *
 * The unit listens on 0x7E0 and answers on 0x7E8: identifier F190 in three frames after flow control, any other
 * identifier with requestOutOfRange. 0x18DA10F1 is answered on 0x18DAF110. Everything that is sent is echoed, as
 * devices with loopback do. The device is "in use" when it is opened by the name "busy".
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

typedef struct {
    unsigned long ProtocolID, RxStatus, TxFlags, Timestamp, DataSize, ExtraDataIndex;
    unsigned char Data[4128];
} PASSTHRU_MSG;

enum { QUEUE = 64, CAN = 5, BITS_29 = 0x100, ECHO = 1 };
static PASSTHRU_MSG queue[QUEUE];
static unsigned long head, tail, filters, opened, connected, unplugged;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static void put(unsigned long id, unsigned long status, const unsigned char *data, unsigned long size)
{
    PASSTHRU_MSG *m = &queue[head++ % QUEUE];
    memset(m, 0, sizeof *m);
    m->ProtocolID = CAN;
    m->RxStatus = status;
    m->DataSize = 4 + size;
    for (int i = 0; i < 4; i++)
        m->Data[i] = (unsigned char)(id >> (24 - 8 * i));
    memcpy(m->Data + 4, data, size);
    pthread_cond_signal(&more);
}

static void unit(unsigned long id, const unsigned char *d)
{
    unsigned long wide = id > 0x7ff ? BITS_29 : 0, answer = wide ? 0x18DAF110UL : 0x7E8UL;
    if (id != 0x7E0 && id != 0x18DA10F1UL)
        return;
    if (d[0] == 3 && d[1] == 0x22 && d[2] == 0xF1 && d[3] == 0x90)
        put(answer, wide, (const unsigned char *)"\x10\x14\x62\xf1\x90WDD", 8);
    else if (d[0] == 3)
        put(answer, wide, (const unsigned char *)"\x03\x7f\x22\x31", 4);
    else if (d[0] == 0x30) {
        put(answer, wide, (const unsigned char *)"\x21" "0000001", 8);
        put(answer, wide, (const unsigned char *)"\x22" "A000001", 8);
    }
}

long PassThruOpen(const char *name, unsigned long *device)
{
    if (name && !strcmp(name, "busy"))
        return 0x0E;
    if (name && !strcmp(name, "broken"))
        return 0x07;
    *device = 7;
    opened++;
    head = tail = filters = unplugged = 0;
    return 0;
}

long PassThruClose(unsigned long device)
{
    opened--;
    return device == 7 ? 0 : 0x1A;
}

long PassThruConnect(unsigned long device, unsigned long protocol, unsigned long flags, unsigned long baud,
                     unsigned long *channel)
{
    if (device != 7 || protocol != CAN || !(flags & 0x800))
        return 0x03;
    if (baud != 500000 && baud != 250000)
        return 0x19;
    *channel = 9;
    connected++;
    return 0;
}

long PassThruDisconnect(unsigned long channel)
{
    connected--;
    return channel == 9 ? 0 : 0x02;
}

long PassThruStartMsgFilter(unsigned long channel, unsigned long type, const PASSTHRU_MSG *mask,
                            const PASSTHRU_MSG *pattern, const PASSTHRU_MSG *flow, unsigned long *id)
{
    if (channel != 9 || type != 1 || mask->DataSize != 4 || pattern->DataSize != 4 || flow)
        return 0x16;
    *id = ++filters;
    return 0;
}

long PassThruReadMsgs(unsigned long channel, PASSTHRU_MSG *messages, unsigned long *count, unsigned long timeout)
{
    unsigned long wanted = *count;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout / 1000;
    until.tv_nsec += (timeout % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    *count = 0;
    if (channel != 9)
        return 0x02;
    pthread_mutex_lock(&lock);
    while (!unplugged && head - tail < wanted && timeout)
        if (pthread_cond_timedwait(&more, &lock, &until))
            break;
    while (*count < wanted && tail < head && filters >= 2)
        messages[(*count)++] = queue[tail++ % QUEUE];
    long result = unplugged ? 0x08 : *count == wanted ? 0 : *count ? 0x09 : 0x10;
    pthread_mutex_unlock(&lock);
    return result;
}

long PassThruWriteMsgs(unsigned long channel, PASSTHRU_MSG *messages, unsigned long *count, unsigned long timeout)
{
    (void)timeout;
    if (channel != 9 || messages->ProtocolID != CAN || messages->DataSize < 4 || messages->DataSize > 12)
        return 0x0A;
    const unsigned char *d = messages->Data;
    unsigned long id = (unsigned long)d[0] << 24 | (unsigned long)d[1] << 16 | (unsigned long)d[2] << 8 | d[3];
    if ((id > 0x7ff) != !!(messages->TxFlags & BITS_29))
        return 0x06;
    pthread_mutex_lock(&lock);
    if (id == 0x666)
        unplugged = 1;
    put(id, ECHO | (messages->TxFlags & BITS_29), d + 4, messages->DataSize - 4);
    unit(id, d + 4);
    pthread_mutex_unlock(&lock);
    *count = 1;
    return 0;
}

long PassThruIoctl(unsigned long handle, unsigned long id, void *input, void *output)
{
    (void)input;
    if (id == 0x03 && handle == 7)
        *(unsigned long *)output = 12480;
    else if (id != 0x08 || handle != 9)
        return 0x0F;
    return 0;
}

long PassThruGetLastError(char *text)
{
    strcpy(text, "no \x1b[31mluck");
    return 0;
}

unsigned long test_open_handles(void) { return opened * 16 + connected; }
