// The directory of a zip archive whose entries are stored, not compressed, as torch.save writes them. zip64
// included.
//
// Refused: compression, encryption, several disks, and entries that overlap or leave the file. Checksums are
// not verified: a flipped bit in a weight is the business of the checkpoint's hash. Source: PKWARE
// APPNOTE.TXT 4.3. Thread safety: a
// function of its arguments.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "files/byte_source.h"

namespace ouroboros {

struct ZipEntry {
  std::size_t begin;  // of its bytes in the file
  std::size_t size;
};

// Entries by name. Throws EngineError(kFormat) naming `file` and the first problem.
std::map<std::string, ZipEntry, std::less<>> ReadZipDirectory(const ByteSource& bytes,
                                                              const std::string& file);

}  // namespace ouroboros
