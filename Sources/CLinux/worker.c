#define _GNU_SOURCE
#include <CLinux.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
    void (*body)(void *);
    void *context;
    bool *done; /* or NULL when nobody waits; then the job is freed by the thread */
    struct job *next;
};
struct davit_worker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *first, **last;
    bool stopping;
};

static struct job *next_job(struct davit_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->first && !worker->stopping)
        pthread_cond_wait(&worker->changed, &worker->lock);
    struct job *job = worker->first;
    if (job && !(worker->first = job->next))
        worker->last = &worker->first;
    pthread_mutex_unlock(&worker->lock);
    return job;
}
static void finish(struct davit_worker *worker, struct job *job)
{
    if (!job->done) {
        free(job);
        return;
    }
    pthread_mutex_lock(&worker->lock);
    *job->done = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}
static void *work(void *context)
{
    struct davit_worker *worker = context;
    for (struct job *job; (job = next_job(worker));) {
        job->body(job->context);
        finish(worker, job);
    }
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
    return NULL;
}

int davit_worker_start(struct davit_worker **ret_worker)
{
    struct davit_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return -ENOMEM;
    worker->last = &worker->first;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, work, worker);
    if (error) {
        free(worker);
        return -error;
    }
    pthread_detach(thread);
    *ret_worker = worker;
    return 0;
}

static void append(struct davit_worker *worker, struct job *job)
{
    *worker->last = job;
    worker->last = &job->next;
    pthread_cond_broadcast(&worker->changed);
}
int davit_worker_post(struct davit_worker *worker, void (*body)(void *), void *context)
{
    struct job *job = malloc(sizeof *job);
    if (!job)
        return -ENOMEM;
    *job = (struct job){ .body = body, .context = context };
    pthread_mutex_lock(&worker->lock);
    append(worker, job);
    pthread_mutex_unlock(&worker->lock);
    return 0;
}
int davit_worker_run(struct davit_worker *worker, void (*body)(void *), void *context)
{
    bool done = false;
    struct job job = { .body = body, .context = context, .done = &done };
    pthread_mutex_lock(&worker->lock);
    append(worker, &job);
    while (!done)
        pthread_cond_wait(&worker->changed, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
    return 0;
}
void davit_worker_stop(struct davit_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}
int davit_name_thread(const char *name) { return -pthread_setname_np(pthread_self(), name); }
