/* Stand-in: the application layer. */
#ifndef STANDIN_APP_H
#define STANDIN_APP_H

void appMain();

#endif
