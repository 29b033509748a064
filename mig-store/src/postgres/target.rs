//! Targets as SQL. The text is built from our own tree only; every literal is a bound parameter.
//!
//! The meaning is that of [`Target::evaluate`](mig_core::target::Target::evaluate): texts are compared under collation `C`, a
//! cast that fails is NULL, different kinds do not compare. Times that depend on now are reckoned here, not by the server.

use super::{failure::Failure, moment::Moment, row};
use mig_core::{
    target::{Cast, Column, Comparison, Condition, Kind, Like, Literal, Operand, Pattern, Step},
    time::Time,
};
use sqlx::{Arguments as _, error::BoxDynError, postgres::PgArguments};

/// A condition over rows of `agents a`.
pub(super) struct Compiled {
    /// The condition; its parameters follow those that were there before.
    pub(super) sql: String,
    /// The values of the parameters.
    pub(super) arguments: PgArguments,
}

/// Compiles a condition whose parameters come behind `arguments`.
pub(super) fn compile(condition: &Condition, now: Time, arguments: PgArguments) -> Result<Compiled, Failure> {
    let mut compiler = Compiler { now, sql: String::new(), arguments };
    compiler.condition(condition)?;
    let Compiler { sql, arguments, .. } = compiler;
    Ok(Compiled { sql, arguments })
}

struct Compiler {
    now: Time,
    sql: String,
    arguments: PgArguments,
}

impl Compiler {
    /// Adds text of ours. It is `'static`, so that nobody else's text can come here.
    fn write(&mut self, text: &'static str) {
        self.sql.push_str(text);
    }

    /// Adds a parameter with its type.
    fn bind<'t, T>(&mut self, value: T, sql_type: &'static str) -> Result<(), Failure>
    where
        T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let driver = |error: BoxDynError| Failure::Sql(sqlx::Error::Encode(error));
        self.arguments.add(value).map_err(driver)?;
        self.sql.push_str(&format!("${}::{sql_type}", self.arguments.len()));
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.bind(row::exact("target", text)?.to_owned(), "text")
    }

    fn condition(&mut self, condition: &Condition) -> Result<(), Failure> {
        match condition {
            Condition::Constant(true) => self.write("TRUE"),
            Condition::Constant(false) => self.write("FALSE"),
            Condition::And(parts) => self.all(parts, " AND ", "TRUE")?,
            Condition::Or(parts) => self.all(parts, " OR ", "FALSE")?,
            Condition::Not(inner) => {
                self.write("(NOT ");
                self.condition(inner)?;
                self.write(")");
            }
            Condition::Compare { left, comparison, right } => self.compare(left, *comparison, right)?,
            Condition::Like { operand, pattern } => self.like(operand, pattern)?,
            Condition::Matches { operand, pattern } => self.matches(operand, pattern)?,
            Condition::In { operand, list } => self.is_in(operand, list)?,
            Condition::Between { operand, low, high } => {
                self.write("(");
                self.compare(operand, Comparison::GreaterOrEqual, low)?;
                self.write(" AND ");
                self.compare(operand, Comparison::LessOrEqual, high)?;
                self.write(")");
            }
            Condition::IsNull(operand) => {
                self.write("(");
                self.operand(operand)?;
                self.write(" IS NULL)");
            }
            Condition::FoundIn { action, found } => self.found_in(action.get(), *found)?,
        }
        Ok(())
    }

    fn all(
        &mut self,
        parts: &[Condition],
        operator: &'static str,
        neutral: &'static str,
    ) -> Result<(), Failure> {
        self.write("(");
        self.write(neutral);
        for part in parts {
            self.write(operator);
            self.condition(part)?;
        }
        self.write(")");
        Ok(())
    }

    fn compare(&mut self, left: &Operand, comparison: Comparison, right: &Operand) -> Result<(), Failure> {
        if left.kind() != right.kind() || left.kind() == Kind::Json {
            self.write(NEITHER);
            return Ok(());
        }
        self.write("(");
        self.operand(left)?;
        self.write(match comparison {
            Comparison::Equal => " = ",
            Comparison::NotEqual => " <> ",
            Comparison::Less => " < ",
            Comparison::LessOrEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterOrEqual => " >= ",
        });
        self.operand(right)?;
        self.write(")");
        Ok(())
    }

    fn like(&mut self, operand: &Operand, pattern: &Like) -> Result<(), Failure> {
        if operand.kind() != Kind::Text {
            self.write(NEITHER);
            return Ok(());
        }
        self.write("(");
        self.operand(operand)?;
        self.write(if pattern.ignores_case() { " ILIKE " } else { " LIKE " });
        self.text(pattern.pattern())?;
        self.write(" ESCAPE ");
        self.text(&pattern.escape().map(String::from).unwrap_or_default())?;
        self.write(")");
        Ok(())
    }

    fn matches(&mut self, operand: &Operand, pattern: &Pattern) -> Result<(), Failure> {
        if operand.kind() != Kind::Text {
            self.write(NEITHER);
            return Ok(());
        }
        self.write("(");
        self.operand(operand)?;
        self.write(if pattern.ignores_case() { " ~* " } else { " ~ " });
        self.text(pattern.source())?;
        self.write(")");
        Ok(())
    }

    fn is_in(&mut self, operand: &Operand, list: &[Literal]) -> Result<(), Failure> {
        self.write("(");
        let mut comparable = Vec::new();
        for literal in list {
            if kind(literal) == operand.kind() {
                comparable.push(literal);
            }
        }
        if comparable.len() == list.len() {
            self.write("FALSE OR ");
        } else {
            // Literals of other kinds compare as NULL.
            self.write("NULL::boolean OR ");
        }
        self.one_of(operand, &comparable)?;
        self.write(")");
        Ok(())
    }

    fn one_of(&mut self, operand: &Operand, list: &[&Literal]) -> Result<(), Failure> {
        if list.is_empty() {
            self.write("FALSE");
            return Ok(());
        }
        self.operand(operand)?;
        self.write(" = ANY (");
        match operand.kind() {
            Kind::Integer => {
                let numbers = list.iter().filter_map(|literal| match literal {
                    Literal::Integer(number) => Some(*number),
                    _ => None,
                });
                self.bind(numbers.collect::<Vec<_>>(), "bigint[]")?;
            }
            Kind::Time => {
                let times = list.iter().filter_map(|literal| match literal {
                    Literal::Time(time) => Some(Moment::of(*time)),
                    _ => None,
                });
                self.bind(times.collect::<Vec<_>>(), "timestamptz[]")?;
            }
            Kind::Text | Kind::Json => {
                let mut texts = Vec::new();
                for literal in list {
                    if let Literal::Text(text) = literal {
                        texts.push(row::exact("target", text)?.to_owned());
                    }
                }
                self.bind(texts, "text[]")?;
            }
        }
        self.write(")");
        Ok(())
    }

    /// By address: the process that was asked may have gone.
    fn found_in(&mut self, action: u64, found: bool) -> Result<(), Failure> {
        // No action has an id above those of a column.
        let Ok(action) = i64::try_from(action) else {
            self.write("FALSE");
            return Ok(());
        };
        self.write(
            "EXISTS (SELECT 1 FROM commands c JOIN agents asked ON asked.id = c.agent_id
                JOIN results r ON r.command_id = c.id
            WHERE asked.queue_location = a.queue_location AND c.action_id = ",
        );
        self.bind(action, "bigint")?;
        self.write(if found { " AND r.found)" } else { " AND NOT r.found)" });
        Ok(())
    }

    fn operand(&mut self, operand: &Operand) -> Result<(), Failure> {
        match operand {
            Operand::Column(column) => self.write(self::column(*column)),
            Operand::Member { column, path, as_text } => self.member(*column, path, *as_text)?,
            Operand::Cast { operand, to } => self.cast(operand, *to)?,
            Operand::Literal(Literal::Text(text)) => {
                self.write("(");
                self.text(text)?;
                self.write(" COLLATE \"C\")");
            }
            Operand::Literal(Literal::Integer(number)) => self.bind(*number, "bigint")?,
            Operand::Literal(Literal::Time(time)) => self.bind(Moment::of(*time), "timestamptz")?,
            Operand::Now { minus } => {
                self.bind(minus.before(self.now).map(Moment::of), "timestamptz")?;
            }
        }
        Ok(())
    }

    fn member(&mut self, column: Column, path: &[Step], as_text: bool) -> Result<(), Failure> {
        if column.kind() != Kind::Json {
            self.write(if as_text { "(NULL::text COLLATE \"C\")" } else { "NULL::json" });
            return Ok(());
        }
        self.write("((");
        self.write(self::column(column));
        for step in path {
            match step {
                Step::Key(key) => self.key(key)?,
                Step::Index(index) => {
                    self.write(" -> ");
                    self.bind(*index, "int")?;
                }
                Step::Path(keys) => keys.iter().try_for_each(|key| self.path(key))?,
            }
        }
        // An empty path gives the text of the value itself.
        self.write(if as_text { " #>> '{}') COLLATE \"C\")" } else { "))" });
        Ok(())
    }

    fn key(&mut self, key: &str) -> Result<(), Failure> {
        self.write(" -> ");
        self.text(key)
    }

    /// A key of an object or, if it is a number as we read numbers, an index of a list. Postgres also takes ` 1` for one.
    fn path(&mut self, key: &str) -> Result<(), Failure> {
        if key.parse::<i32>().is_err() {
            return self.key(key);
        }
        self.write(" #> ");
        self.bind(vec![row::exact("target", key)?.to_owned()], "text[]")
    }

    fn cast(&mut self, operand: &Operand, to: Cast) -> Result<(), Failure> {
        match (to, operand.kind()) {
            (Cast::Text, Kind::Text) => self.operand(operand)?,
            (Cast::Text, Kind::Integer | Kind::Json) => {
                self.around("((", operand, ")::text COLLATE \"C\")")?;
            }
            (Cast::Text, Kind::Time) => self.write("(NULL::text COLLATE \"C\")"),
            (Cast::BigInteger, Kind::Integer) => self.operand(operand)?,
            (Cast::BigInteger, Kind::Text) => self.around("whole_number(", operand, ")")?,
            (Cast::Integer, Kind::Integer) => self.around("of_32_bits(", operand, ")")?,
            (Cast::Integer, Kind::Text) => self.around("of_32_bits(whole_number(", operand, "))")?,
            (Cast::Integer | Cast::BigInteger, Kind::Time | Kind::Json) => self.write("NULL::bigint"),
        }
        Ok(())
    }

    fn around(&mut self, left: &'static str, operand: &Operand, right: &'static str) -> Result<(), Failure> {
        self.write(left);
        self.operand(operand)?;
        self.write(right);
        Ok(())
    }
}

/// What a comparison is that can not be made.
const NEITHER: &str = "NULL::boolean";

fn kind(literal: &Literal) -> Kind {
    match literal {
        Literal::Text(_) => Kind::Text,
        Literal::Integer(_) => Kind::Integer,
        Literal::Time(_) => Kind::Time,
    }
}

fn column(column: Column) -> &'static str {
    match column {
        Column::Id => "a.id",
        Column::Name => "a.name",
        Column::QueueLocation => "a.queue_location",
        Column::Mode => "a.mode",
        Column::Version => "a.version",
        Column::Pid => "a.pid",
        Column::StartTime => "a.start_time",
        Column::DestructionTime => "a.destruction_time",
        Column::HeartbeatTime => "a.heartbeat_time",
        Column::RefreshTime => "a.refresh_time",
        Column::Status => "a.status",
        Column::Environment => "a.environment",
        Column::Tags => "a.tags",
        // NULL in the original's table when there is none.
        Column::LoaderName => "nullif(a.loader_name, '')",
    }
}
