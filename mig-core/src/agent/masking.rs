//! Extra privacy: what modules find is masked before anybody but the agent sees it.

use super::{
    runner::{ModuleRunner, RunAnswer, RunLimits},
    verify::VerifiedOperation,
};
use crate::module::{Effects, Registry};
use async_trait::async_trait;

/// Has another runner run modules, and passes each result through the module's own filter, as the original's extra privacy mode
/// does. The filter runs in the agent, so a module's process can not leave it out. Modules without a filter stay as they are.
#[derive(Clone, Debug)]
pub struct MaskingRunner<R> {
    inner: R,
    registry: Registry,
}

impl<R: ModuleRunner> MaskingRunner<R> {
    /// Masks what `inner` answers, by the modules of `registry`.
    #[must_use]
    pub fn new(inner: R, registry: Registry) -> Self {
        Self { inner, registry }
    }
}

#[async_trait]
impl<R: ModuleRunner> ModuleRunner for MaskingRunner<R> {
    fn effects(&self, module: &str) -> Option<Effects> {
        self.inner.effects(module)
    }

    async fn run(&self, operation: VerifiedOperation<'_>, limits: RunLimits) -> RunAnswer {
        let mut answer = self.inner.run(operation, limits).await;
        let module = self.registry.module(&operation.get().module);
        if let Some(masked) = module.and_then(|module| module.mask(&answer.result)) {
            answer.result = masked;
        }
        answer
    }
}
