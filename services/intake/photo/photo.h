/* Photos as they come from phones, made into photos that can be kept: one JPEG without anything in
 * it but the picture, and a small one beside it.
 *
 * Everything is decoded in full and encoded anew (image.h). Metadata, what stands behind the
 * picture's end, and whatever else a file may be at the same time are then gone because nobody
 * wrote them, not because a list of segments to cut out was complete; the price is one generation
 * of JPEG at quality 90. A decoder is the largest piece of code that a stranger's bytes reach, so
 * it runs in a process of its own, huying-photo, one for each photo: without files, network and
 * other system calls, with limits of memory and time. If it crashes, the photo is refused and
 * nothing else has happened. */
#ifndef HUYING_INTAKE_PHOTO_PHOTO_H
#define HUYING_INTAKE_PHOTO_PHOTO_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define PHOTO_SIZE_MAX (8 << 20) /* bytes, as it comes and as it is kept */
#ifndef PHOTO_PIXELS_MAX /* the fuzz target has fewer, to be fast */
#define PHOTO_PIXELS_MAX 40000000
#endif
#define PHOTO_SIDE_MAX 16383 /* the widest that WebP knows */
#define PHOTO_THUMB_SIDE 320
#define PHOTO_THUMB_SIZE_MAX (512 << 10)
#define PHOTO_MS_MAX 10000 /* of a processor, for one photo */
#define PHOTO_WAIT_MS_MAX 30000 /* … on a machine that has other things to do, too */
#define PHOTO_HASH_SIZE 32 /* SHA-256 */
#define PHOTO_NAME_SIZE 65 /* its hex digits and the NUL */

/* What a photo was when it came. It is kept as JPEG. */
enum photo_type { PHOTO_NO_TYPE, PHOTO_JPEG, PHOTO_PNG, PHOTO_WEBP };

/* Why one was not taken: number (of the helper's answer: append only), name, limit (-1 = none),
 * English, Chinese; # stands for the limit. */
/* clang-format off */
#define PHOTO_FAULT_TABLE(X)                                                                       \
    X(PHOTO_FINE, 0, "none", -1, "nothing is wrong", "没有问题")                                   \
    X(PHOTO_EMPTY, 1, "photo_empty", 1, "send the photo's bytes as the body, at least #",          \
            "请以正文发送照片内容，至少 # 字节")                                                   \
    X(PHOTO_LARGE, 2, "photo_too_large", PHOTO_SIZE_MAX,                                           \
            "the photo has, or would be kept with, more than # bytes; send a smaller one",         \
            "照片（或其保存后的大小）超过 # 字节；请发送较小的照片")                               \
    X(PHOTO_OTHER, 3, "photo_type", -1, "by its content this is no JPEG, PNG or WebP",             \
            "从内容看，这不是 JPEG、PNG 或 WebP 照片")                                             \
    X(PHOTO_PIXELS, 4, "photo_pixels", PHOTO_PIXELS_MAX,                                           \
            "the photo has more than # pixels, or a side of more than 16383",                      \
            "照片超过 # 像素，或一边超过 16383 像素")                                              \
    X(PHOTO_BROKEN, 5, "photo_broken", -1,                                                         \
            "the photo cannot be decoded to its end; send the file as the camera made it",         \
            "照片无法完整解码；请发送相机生成的原文件")                                            \
    X(PHOTO_MOVES, 6, "photo_animated", -1, "the photo is animated; send a still one",             \
            "这是动态图片；请发送静态照片")                                                        \
    X(PHOTO_SLOW, 7, "photo_slow", PHOTO_MS_MAX,                                                   \
            "decoding the photo takes more than # ms; send a smaller one",                         \
            "解码照片需要超过 # 毫秒；请发送较小的照片")                                           \
    X(PHOTO_AWAY, 8, "photo_busy", -1, "photos cannot be taken just now; try again",               \
            "暂时无法接收照片；请稍后重试")
/* clang-format on */

enum photo_fault {
#define X(name, number, text, limit, en, zh) name = number,
    PHOTO_FAULT_TABLE(X)
#undef X
    PHOTO_FAULTS
};

struct photo {
    enum photo_type type;
    uint32_t width, height;        /* as it is to be looked at: the camera's turn is applied */
    uint8_t hash[PHOTO_HASH_SIZE]; /* of `image` */
    struct buf image, thumb;       /* JPEG; `thumb` has sides of PHOTO_THUMB_SIDE at most */
};

void photo_fini(struct photo *photo);
#define PHOTO_OWNED __attribute__((cleanup(photo_fini))) struct photo

/* Has the bytes decoded by huying-photo, which stands beside this process's own executable, and
 * waits for it, PHOTO_WAIT_MS_MAX at most: for a thread that may block. Of the same bytes the same
 * photo is made, so it may be repeated. On a fault *ret is untouched. */
enum photo_fault photo_take(const void *data, size_t size, struct photo *ret) MUST_CHECK;

/* Hex digits of a hash, small letters; and back: false when it is none. */
void photo_name(const uint8_t hash[PHOTO_HASH_SIZE], char ret[PHOTO_NAME_SIZE]);
_Bool photo_name_read(const char *name, uint8_t ret[PHOTO_HASH_SIZE]);

const char *photo_fault_name(enum photo_fault fault);
int64_t photo_fault_limit(enum photo_fault fault);
/* A sentence for people; `language` is "en" or anything else, which reads as "zh". */
void photo_fault_text(enum photo_fault fault, const char *language, struct buf *out);

#endif
