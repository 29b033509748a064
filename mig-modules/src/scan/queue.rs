//! Work that makes more work, shared by a few threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Tasks, last in first out: a walk then goes into the depth, and what waits stays little.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    tasks: Vec<T>,
    /// Threads that hold a task, each of which may push more.
    busy: usize,
}

impl<T: Send> Queue<T> {
    /// A queue of these tasks.
    pub(super) fn new(tasks: Vec<T>) -> Self {
        Self { state: Mutex::new(State { tasks, busy: 0 }), changed: Condvar::new() }
    }

    /// Adds tasks; the last is taken first.
    pub(super) fn push(&self, tasks: impl IntoIterator<Item = T>) {
        self.lock().tasks.extend(tasks);
        self.changed.notify_all();
    }

    /// Runs `work` on all tasks, also those it pushes, on this many threads, each with its own `worker`. Returns when
    /// nothing is left.
    pub(super) fn run<W: Send>(
        &self,
        threads: usize,
        worker: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, T) + Sync,
    ) {
        let serve = || {
            let mut worker = worker();
            while let Some(task) = self.take() {
                let _busy = Busy(self);
                work(&mut worker, task);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(serve);
            }
            serve();
        });
    }

    /// The next task; waits while there may be one. `None` when all is done.
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the task back, also if it panics: otherwise the other threads would wait for ever.
struct Busy<'a, T: Send>(&'a Queue<T>);

impl<T: Send> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy -= 1;
        if state.busy == 0 && state.tasks.is_empty() {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn tasks_and_the_tasks_they_make_are_each_done_once() {
        for threads in 1..=4 {
            let queue = Queue::new(vec![12_u64]);
            let sum = AtomicU64::new(0);
            queue.run(
                threads,
                || (),
                |(), depth| {
                    sum.fetch_add(1, Ordering::Relaxed);
                    queue.push((depth > 0).then(|| [depth - 1; 2]).into_iter().flatten());
                },
            );
            assert_eq!(sum.into_inner(), (1 << 13) - 1, "{threads} threads");
        }
    }

    #[test]
    fn an_empty_queue_ends_at_once() {
        Queue::new(Vec::<u8>::new()).run(3, || (), |(), _| unreachable!("no task"));
    }
}
