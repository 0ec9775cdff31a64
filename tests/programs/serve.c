// Answers callers on the socket that it finds at descriptor 3: each line it hears it says back in capitals; "quit" ends it.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    char line[256];
    for (int calls = 1;; calls++) {
        int caller = accept(3, NULL, NULL);
        if (caller < 0) {
            perror("accept");
            return 1;
        }
        ssize_t n = recv(caller, line, sizeof line, 0);
        for (ssize_t i = 0; i < n; i++)
            line[i] = (char)toupper((unsigned char)line[i]);
        send(caller, line, (size_t)n, 0);
        shutdown(caller, SHUT_WR);
        close(caller);
        if (n == 4 && memcmp(line, "QUIT", 4) == 0) return calls;
    }
}
