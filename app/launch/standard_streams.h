// What is settled with the system before anything else, in every program of ours that runs guests.
#pragma once

namespace launch {

/// Puts nothing (/dev/null) where this process was started without standard input, output or error: else the next file that is opened takes
/// the number, and what goes to or comes from the standard streams, a guest's too, goes into that file.
void takeStandardStreams();

/// As many open files as the system allows without asking, at most 16,384: guests have theirs in this process, and it has to have its own.
void allowManyFiles();

}  // namespace launch
